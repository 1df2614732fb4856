"""Sort keys: what CREATED_AT, UPDATED_AT and NAME compare. Nulls come last in both directions, ties go by id.

A key goes into a cursor as plain data (`held`), and comes out of it comparable again (`revive`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
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


@dataclass(frozen=True, slots=True)
class by_moment:  # noqa: N801 - read as a word of the order it makes
    """Order by a time. Called with a row, it makes the row's key."""

    read: Callable[[Any], datetime | None]
    direction: Direction

    def __call__(self, row: _Dated) -> tuple[Any, ...]:
        """The key of a row."""
        moment = self.read(row)
        if moment is None:
            return (1, 0, row.id)
        return (0, -microseconds(moment) if self.direction is Direction.DESC else microseconds(moment), row.id)

    def sort(self, rows: list[Any]) -> None:
        """Sort as the keys compare, without making them: sorting is stable, so the last word is said last."""
        read = self.read
        undated = [row for row in rows if read(row) is None]
        if undated:
            undated.sort(key=_id)
            rows[:] = [row for row in rows if read(row) is not None]
        rows.sort(key=_id)
        rows.sort(key=read, reverse=self.direction is Direction.DESC)  # type: ignore[arg-type]
        rows += undated


@dataclass(frozen=True, slots=True)
class by_text:  # noqa: N801
    """Order by a text, ignoring case first. Called with a row, it makes the row's key."""

    read: Callable[[Any], str]
    direction: Direction

    def __call__(self, row: _Dated) -> tuple[Any, ...]:
        """The key of a row."""
        text = self.read(row)
        shown = f"{text.casefold()}\x00{text}"
        return (0, Descending(shown) if self.direction is Direction.DESC else shown, row.id)

    def sort(self, rows: list[Any]) -> None:
        """Sort as the keys compare."""
        rows.sort(key=self)


_id = attrgetter("id")


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
