"""Hints: what a schema says of its fields and types, so that a plan may read values without calling resolvers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

HINT: Final = "plan"
"""The key of a field's metadata that holds its PlainRead."""

_SHOWN_KIND: Final = "shown_kind"
_KIND_READ_FROM: Final = "kind_read_from"

MEMO: Final = "memo"
"""The attribute in which an object that never changes once it is shown lets others keep what they made of it."""

Predicate = TypeVar("Predicate", bound=Callable[..., bool])


class NotPlain(Exception):
    """The value at hand is none that may be read without its resolver."""


@dataclass(frozen=True, slots=True)
class PlainRead:
    """How a field with a resolver may be read without it.

    The value is the source's attribute of the field's Python name, and where `shown` is given, what that makes of it,
    unless it is None. With `may_lack` that holds unless the source's `lacks` names the attribute. With `read`, the
    value is what `read` makes of the source; it raises NotPlain when the resolver has to be asked.

    Whoever gives a hint vouches that the resolver would answer the same, at once, and with no effect besides.
    """

    may_lack: bool = False
    shown: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None


def showing(kind: type, predicate: Predicate, *, of: str | None = None) -> Predicate:
    """Say that `predicate`, a type's `is_type_of`, is true exactly of instances of `kind`.

    With `of`, it is true of objects whose attribute of that name is an instance of `kind`.
    """
    setattr(predicate, _SHOWN_KIND, kind)
    setattr(predicate, _KIND_READ_FROM, of)
    return predicate


def shown_kind(predicate: object) -> tuple[type, str | None] | None:
    """What `showing` said of a type's `is_type_of`; None when nothing was said."""
    kind = getattr(predicate, _SHOWN_KIND, None)
    return None if kind is None else (kind, getattr(predicate, _KIND_READ_FROM))
