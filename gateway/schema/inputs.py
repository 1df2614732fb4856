"""From a GraphQL input to the services' dataclass of the same members."""

import dataclasses
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from strawberry.types.base import has_object_definition

Wanted = TypeVar("Wanted")


def wanted(kind: type[Wanted], given: object) -> Wanted:
    """`given` as a `kind`: member by member, inputs inside it as the dataclasses that `kind` declares there."""
    members: dict[str, Any] = {}
    declared: type = kind
    for name, inner in _inner_kinds(declared).items():
        value = getattr(given, name)
        if inner is not None and has_object_definition(type(value)):
            value = wanted(inner, value)
        members[name] = value
    return kind(**members)


@cache
def _inner_kinds(kind: type) -> dict[str, type | None]:
    hints = get_type_hints(kind)
    return {name: _dataclass_in(hint) for name, hint in hints.items()}


def _dataclass_in(hint: Any) -> type | None:
    candidates = [hint, *(part for part in get_args(hint) if part is not NoneType)]
    return next((part for part in candidates if isinstance(part, type) and dataclasses.is_dataclass(part)), None)
