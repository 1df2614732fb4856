"""FederatedSchema: Strawberry's federated schema, with entities that one bad entry cannot spoil."""

from collections.abc import Callable
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLDeferDirective, GraphQLError, GraphQLStreamDirective, print_directive
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import Key
from strawberry.printer import print_schema
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.info import Info

from gateway.schema.entities import Entities


class FederatedSchema(strawberry.federation.Schema):
    """The schema as a subgraph of a federation. Its text is made once, and not for each `_service`.

    `entities` finds what its types' keys name; raises ValueError where it knows others than the types declare.
    `printed` makes of the schema's text what routers are told.
    """

    def __init__(self, *, entities: Entities, printed: Callable[[str], str] = str, **named: Any) -> None:
        super().__init__(**named)
        self._entities = entities
        if entities.declared != (declared := _resolvable_keys(self)):
            raise ValueError(
                f"Only on one side: {sorted(entities.declared ^ declared)}. Each key needs who finds by it."
            )
        service = self.get_type_by_name("_Service")
        assert isinstance(service, StrawberryObjectDefinition)  # noqa: S101 - Strawberry has just made it
        (sdl,) = service.fields
        sdl.base_resolver = StrawberryResolver(cache(lambda: printed(_routed(print_schema(self)))))

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log none: expected failures are answers, and the web face logs the others once, under the id it gives out."""

    async def entities_resolver(  # type: ignore[override]
        self, info: Info, representations: list[FederationAny]
    ) -> list[Any]:
        """The entities in the order asked; an exception stands where one could not be had."""
        return await self._entities.find(info.context, representations)


def _routed(text: str) -> str:
    """The text without @defer and @stream: a router defers by itself, whatever its subgraphs do for other clients."""
    for directive in (GraphQLDeferDirective, GraphQLStreamDirective):
        text = text.replace(f"{print_directive(directive)}\n\n", "")
    return text


def _resolvable_keys(schema: strawberry.Schema) -> set[tuple[str, str]]:
    definitions = [one.definition for one in schema.schema_converter.type_map.values()]
    return {
        (definition.name, str(directive.fields))
        for definition in definitions
        if isinstance(definition, StrawberryObjectDefinition) and not definition.is_interface
        for directive in definition.directives or ()
        if isinstance(directive, Key) and directive.resolvable is not False
    }
