"""How Strawberry recognises domain objects, whose classes know nothing of it, behind interfaces and unions."""

from typing import Any

from graphql import GraphQLResolveInfo

from gateway.plans.hints import showing


def shows(kind: type) -> Any:
    """An `is_type_of` for a type that is declared over the class `kind`."""

    def is_type_of(found: object, _info: GraphQLResolveInfo[Any]) -> bool:
        return isinstance(found, kind)

    return staticmethod(showing(kind, is_type_of))
