"""FederatedSchema: Strawberry's federated schema with a resolver of entities that one bad entry cannot spoil.

Strawberry 0.341 takes `__typename` out of the variable itself, so that a second `_entities` over the same variable
fails; raises for the whole list at an unknown `__typename`; and calls with every key of a representation, known or
not. Here each representation is read on its own, its problem is its own entry's error, extra keys are ignored, and
all are asked for at the same time, so that the loaders batch them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.federation.schema import FederationAny
from strawberry.printer import print_schema
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.info import Info

from gateway.domain.device import parse_urn
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Kind
from gateway.schema.context import RequestContext
from gateway.schema.node import find, usable

FEDERATION_VERSION: Final = "2.9"


class FederatedSchema(strawberry.federation.Schema):
    """The schema as a subgraph of a federation. Its text is printed once, and not for each `_service`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        service = self.get_type_by_name("_Service")
        assert isinstance(service, StrawberryObjectDefinition)  # noqa: S101 - Strawberry has just made it
        (sdl,) = service.fields
        sdl.base_resolver = StrawberryResolver(cache(lambda: print_schema(self)))

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log none: expected failures are answers, and the web face logs the others once, under the id it gives out."""

    async def entities_resolver(  # type: ignore[override]
        self, info: Info, representations: list[FederationAny]
    ) -> list[Any]:
        """The entities in the order asked; an exception stands where one could not be had."""
        asked = [_entity(info.context, representation) for representation in representations]
        return await asyncio.gather(*asked, return_exceptions=True)


async def _entity(context: RequestContext, representation: object) -> object | None:
    if not isinstance(representation, Mapping):
        raise _unusable("an object with __typename and a key")
    name = representation.get("__typename")
    resolve = _RESOLVERS.get(name) if isinstance(name, str) else None
    if resolve is None:
        known = ", ".join(sorted(_RESOLVERS))
        raise _unusable(f"an object whose __typename is one of {known}")
    return await resolve(context, representation)


def _by_id(kind: Kind) -> Callable[[RequestContext, Mapping[str, object]], Awaitable[object | None]]:
    async def resolve(context: RequestContext, representation: Mapping[str, object]) -> object | None:
        return await find(context, usable(_key(representation, "id"), kind))

    return resolve


async def _device(context: RequestContext, representation: Mapping[str, object]) -> object | None:
    if representation.get("id") is not None:
        return await find(context, usable(_key(representation, "id"), Kind.DEVICE))
    backend, product_key, name = parse_urn(_key(representation, "urn"))
    return context.services.device(context.caller, backend, name, product_key)


def _key(representation: Mapping[str, object], key: str) -> str:
    value = representation.get(key)
    if not isinstance(value, str):
        raise _unusable(f"an object with the key {key} as a text")
    return value


def _unusable(rule: str) -> InvalidInput:
    return InvalidInput(f"This representation is not usable. Expected {rule}.", path=("representations",), rule=rule)


_RESOLVERS: dict[str, Callable[[RequestContext, Mapping[str, object]], Awaitable[object | None]]] = {
    "OtaTask": _by_id(Kind.TASK),
    "OtaPackage": _by_id(Kind.PACKAGE),
    "OtaExecution": _by_id(Kind.EXECUTION),
    "OtaDevice": _device,
}
