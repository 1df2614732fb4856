"""Pages of a vendor's list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Where to go on and how many rows to ask for. `after` is the adapter's own continuation, None for the start.

    The vendor may answer fewer rows, or none, and still have more.
    """

    size: int
    after: str | None = None


@dataclass(slots=True)
class Page(Generic[Row]):
    """One page. `next` is the continuation for the page that follows, None when this was the last."""

    rows: list[Row]
    next: str | None = None
