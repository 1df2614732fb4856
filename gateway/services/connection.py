"""Connections: a page of rows, where it stands, and what each backend contributed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from gateway.domain.errors import GatewayError

Row = TypeVar("Row")


class BackendResultStatus(StrEnum):
    """OK, STALE (the last good answer, with its age), FAILED, or SKIPPED (the vendor cannot; the error says why)."""

    OK = "OK"
    STALE = "STALE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


@dataclass(slots=True, kw_only=True)
class BackendResult:
    """What one backend contributed to a list."""

    name: str
    status: BackendResultStatus
    error: GatewayError | None = None
    fetched_at: datetime | None = None


@dataclass(slots=True)
class Edge(Generic[Row]):
    """A row and the cursor that continues after it. It does not change; `memo` is for what others make of it."""

    cursor: str
    node: Row
    memo: Any = field(default=None, init=False, repr=False, compare=False)


@dataclass(slots=True, kw_only=True)
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None = None
    end_cursor: str | None = None


@dataclass(slots=True, kw_only=True)
class Connection(Generic[Row]):
    """A page. Cursors are signed, so they are made only when edges or pageInfo are asked for.

    `edges_made` gives the edges of `nodes` where a list keeps them.
    """

    nodes: Sequence[Row]
    has_next_page: bool
    has_previous_page: bool
    cursor_at: Callable[[int], str]
    backends: list[BackendResult] = field(default_factory=list)
    edges_made: Callable[[], list[Edge[Row]]] | None = None

    @property
    def edges(self) -> list[Edge[Row]]:
        """The rows with their cursors."""
        if self.edges_made is not None:
            return self.edges_made()
        return [Edge(self.cursor_at(index), node) for index, node in enumerate(self.nodes)]

    @property
    def page_info(self) -> PageInfo:
        """Where the page stands; the cursors are those of its first and last row."""
        last = len(self.nodes) - 1
        return PageInfo(
            has_next_page=self.has_next_page,
            has_previous_page=self.has_previous_page,
            start_cursor=self.cursor_at(0) if last >= 0 else None,
            end_cursor=self.cursor_at(last) if last >= 0 else None,
        )
