"""From a GraphQL input to the services' dataclass of the same members."""

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from strawberry.types.base import has_object_definition

Wanted = TypeVar("Wanted")


def wanted(kind: type[Wanted], given: object) -> Wanted:
    """`given` as a `kind`: member by member, inputs inside it as the dataclasses that `kind` declares there."""
    declared: type = kind
    names, read, inner_kinds = _shape(declared)
    members: dict[str, Any] = dict(zip(names, read(given), strict=True))
    for name, inner in inner_kinds:
        value = members[name]
        if has_object_definition(type(value)):
            members[name] = wanted(inner, value)
    return kind(**members)


@cache
def _shape(kind: type) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]], list[tuple[str, type]]]:
    """The names of its members, how to read them all, and those that hold a dataclass."""
    hints = get_type_hints(kind)
    inner = [(name, found) for name, hint in hints.items() if (found := _dataclass_in(hint)) is not None]
    read = attrgetter(*hints)
    return tuple(hints), read if len(hints) > 1 else lambda given: (read(given),), inner


def _dataclass_in(hint: Any) -> type | None:
    candidates = [hint, *(part for part in get_args(hint) if part is not NoneType)]
    return next((part for part in candidates if isinstance(part, type) and dataclasses.is_dataclass(part)), None)
