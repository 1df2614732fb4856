"""Sort keys: what CREATED_AT, UPDATED_AT and NAME compare. Nulls come last in both directions, ties go by id.

A key goes into a cursor as plain data (`held`), and comes out of it comparable again (`revive`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from gateway.services.inputs import Direction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Dated(Protocol):
    @property
    def id(self) -> str: ...


class Descending(str):
    """A text that sorts backwards."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)

    def __le__(self, other: str) -> bool:
        return str.__ge__(self, other)

    def __ge__(self, other: str) -> bool:
        return str.__le__(self, other)


def microseconds(moment: datetime) -> int:
    """A moment as a number that keeps every digit."""
    return (moment - _EPOCH) // _MICROSECOND


_MICROSECOND = datetime.resolution


def by_moment(read: Callable[[Any], datetime | None], direction: Direction) -> Callable[[_Dated], tuple[Any, ...]]:
    """Key function over a time."""
    sign = -1 if direction is Direction.DESC else 1

    def key(row: _Dated) -> tuple[Any, ...]:
        moment = read(row)
        return (1, 0, row.id) if moment is None else (0, sign * microseconds(moment), row.id)

    return key


def by_text(read: Callable[[Any], str], direction: Direction) -> Callable[[_Dated], tuple[Any, ...]]:
    """Key function over a text, ignoring case first."""
    wrap: Callable[[str], str] = Descending if direction is Direction.DESC else str

    def key(row: _Dated) -> tuple[Any, ...]:
        text = read(row)
        return (0, wrap(f"{text.casefold()}\x00{text}"), row.id)

    return key


def held(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """A key as a cursor holds it: plain, the way of comparing left to `revive`."""
    rank, value, row_id = key
    return (rank, str(value) if isinstance(value, Descending) else value, row_id)


def revive(place: Any, direction: Direction) -> tuple[Any, ...]:
    """A key as a cursor held it, made comparable again. Raises ValueError when it is none."""
    rank, value, row_id = place
    if isinstance(value, str) and direction is Direction.DESC:
        value = Descending(value)
    return (rank, value, row_id)
