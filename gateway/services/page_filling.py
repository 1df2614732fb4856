"""Filling a page of a streamed list from vendor pages, and knowing afterwards where each of its rows stands."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, TypeVar

from gateway.domain.page import Page

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Place:
    """Behind a row: in `backend`, in the vendor page after `continuation`, past `offset` rows of it.

    `size` is the size in which the walk asks for vendor pages. `ended` tells that the backend has nothing behind it.
    """

    backend: str
    continuation: str | None
    offset: int
    size: int
    ended: bool = False

    def plain(self) -> list[Any]:
        """As a cursor holds it."""
        return [self.backend, self.continuation, self.offset, self.size, self.ended]


@dataclass(slots=True)
class _Span(Generic[Row]):
    """The rows that were taken of one vendor page, `taken` their places in it; the first is the page's row `start`."""

    start: int
    page: Page[Row]
    begin: Place
    taken: Sequence[int]


@dataclass(slots=True)
class PageFilling(Generic[Row]):
    """At most `first` rows. Where each stands is worked out only when its cursor is asked for.

    `end`, where reading was cut short, is the place that the last row leads on to.
    """

    first: int
    rows: list[Row] = field(default_factory=list)
    end: Place | None = None
    _spans: list[_Span[Row]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether no row fits any more."""
        return len(self.rows) >= self.first

    def take(self, page: Page[Row], begin: Place, keep: Callable[[Row], bool] | None) -> bool:
        """Take rows of a vendor page, from the place `begin` on, while they fit; tells whether it has more than fit.

        `keep` tells which rows count; None: all.
        """
        start, room = len(self.rows), self.first - len(self.rows)
        taken: Sequence[int]
        if keep is None:
            taken = range(begin.offset, min(begin.offset + room, len(page.rows)))
            self.rows += page.rows[begin.offset : begin.offset + room]
        else:
            fitting = (at for at in range(begin.offset, len(page.rows)) if keep(page.rows[at]))
            taken = list(islice(fitting, room))
            self.rows += [page.rows[at] for at in taken]
        if not taken:
            return False
        self._spans.append(_Span(start, page, begin, taken))
        return self.full and taken[-1] + 1 < len(page.rows)

    def place(self, index: int) -> Place:
        """The place behind a row."""
        if self.end is not None and index == len(self.rows) - 1:
            return self.end
        span = self._spans[bisect_right(self._spans, index, key=lambda one: one.start) - 1]
        at, begin = span.taken[index - span.start], span.begin
        if at + 1 < len(span.page.rows):
            return Place(begin.backend, begin.continuation, at + 1, begin.size)
        if span.page.next is None:
            return Place(begin.backend, begin.continuation, at + 1, begin.size, ended=True)
        return Place(begin.backend, span.page.next, 0, begin.size)
