"""Entities: finds what a federation's router asks for by keys, for the types of any schema.

Strawberry 0.341 takes `__typename` out of the variable itself, so that a second `_entities` over the same variable
fails; raises for the whole list at an unknown `__typename`; and calls with every member of a representation, known or
not. Here each representation is read on its own and left as it is, its problem is its own entry's error, and members
that belong to no key are for whoever resolves what `@requires` them. All are asked for at the same time, so that
loaders batch them and read what is named twice once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

from graphql import FieldNode, OperationDefinitionNode, SelectionSetNode, parse

from gateway.domain.errors import InvalidInput

Representation = Mapping[str, Any]
Find = Callable[[Any, Representation], object | Awaitable[object | None] | None]
"""Is given the request's context and a representation that holds the key, whole. Answers the entity, None where there
is none, or raises the GatewayError of why it could not be had."""
_Shape = dict[str, "_Shape"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a type, as `@key(fields:)` spells it: "id", "sku package", "study { caseNumber }"."""

    fields: str
    find: Find
    _shape: _Shape = field(init=False, repr=False)

    def __post_init__(self) -> None:
        (definition,) = parse(f"{{ {self.fields} }}").definitions
        assert isinstance(definition, OperationDefinitionNode)  # noqa: S101 - braces make it one
        object.__setattr__(self, "_shape", _shape(definition.selection_set))

    def stands_in(self, representation: Representation) -> bool:
        """Whether all of it is there."""
        return _holds(representation, self._shape)


class Entities:
    """The types that are found by keys, each with its keys in the order in which they are tried."""

    def __init__(self, keys: Mapping[str, Sequence[Key]]) -> None:
        self._keys = {name: tuple(of_type) for name, of_type in keys.items()}

    @property
    def declared(self) -> set[tuple[str, str]]:
        """Type and key, as a schema has to print them."""
        return {(name, key.fields) for name, keys in self._keys.items() for key in keys}

    async def find(self, context: Any, representations: Sequence[object]) -> list[object | None]:
        """The entities in the order asked; an exception stands where one could not be had."""
        asked = [self._entity(context, place, one) for place, one in enumerate(representations)]
        return await asyncio.gather(*asked, return_exceptions=True)

    async def _entity(self, context: Any, place: int, representation: object) -> object | None:
        if not isinstance(representation, Mapping):
            raise _unusable(place, "an object with __typename and a key")
        name = representation.get("__typename")
        keys = self._keys.get(name) if isinstance(name, str) else None
        if keys is None:
            raise _unusable(place, f"an object whose __typename is one of {', '.join(sorted(self._keys))}")
        given = [key for key in keys if key.stands_in(representation)]
        if not given:
            raise _unusable(place, f"an object with the key {' or '.join(key.fields for key in keys)}")
        found = [await _answered(key.find(context, representation)) for key in given]
        if any(other != found[0] for other in found[1:]):
            raise _unusable(place, "keys of one and the same object")
        return found[0]


async def _answered(found: object | Awaitable[object | None] | None) -> object | None:
    return await found if isawaitable(found) else found


def _shape(selections: SelectionSetNode) -> _Shape:
    fields = [one for one in selections.selections if isinstance(one, FieldNode)]
    return {one.name.value: _shape(one.selection_set) if one.selection_set else {} for one in fields}


def _holds(value: object, shape: _Shape) -> bool:
    if not shape:
        return isinstance(value, str | int | float)
    return isinstance(value, Mapping) and all(_holds(value.get(name), inner) for name, inner in shape.items())


def _unusable(place: int, rule: str) -> InvalidInput:
    path = ("representations", str(place))
    return InvalidInput(f"This representation is not usable. Expected {rule}.", path=path, rule=rule)
