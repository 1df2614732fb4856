"""Kinds: which object type of an interface or union an object belongs to, told by its class alone."""

from functools import lru_cache

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLSchema

from gateway.plans.hints import shown_kind

NO_KIND = -1


class KindTable(dict[type, int]):
    """The index into `types` by class, worked out when a class is first seen; NO_KIND for a stranger.

    `read_from` names the attribute whose class counts, where it is not the object's own.
    """

    def __init__(self, types: list[GraphQLObjectType], kinds: list[type], read_from: str | None) -> None:
        super().__init__()
        self.types = types
        self.read_from = read_from
        self._kinds = kinds

    def __missing__(self, seen: type) -> int:
        # In the order in which the predicates would be asked; the first that holds counts.
        found = next((at for at, kind in enumerate(self._kinds) if issubclass(seen, kind)), NO_KIND)
        self[seen] = found
        return found


@lru_cache(maxsize=256)
def kinds_of(schema: GraphQLSchema, abstract: GraphQLAbstractType) -> KindTable | None:
    """The table of an interface or union; None where some member does not say what it shows."""
    types = list(schema.get_possible_types(abstract))
    said = [shown_kind(kind.is_type_of) for kind in types]
    if not types or any(one is None for one in said):
        return None
    places = {one[1] for one in said if one is not None}
    if len(places) != 1:
        return None
    return KindTable(types, [one[0] for one in said if one is not None], places.pop())
