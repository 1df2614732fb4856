"""Merges: the rows of several snapshots in one order, kept while the snapshots are, so that pages are slices of it."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.backends.snapshot import Identified, RowOrder, Snapshot
from gateway.services.connection import BackendResult, Connection, Edge
from gateway.services.sort_keys import held

Row = TypeVar("Row", bound=Identified)

_MOST_MERGES = 16
# What is longer is merged only as far as each page goes, so that nothing of its length is kept a second time.
_MOST_ROWS = 10_000


class Part(NamedTuple, Generic[Row]):
    """What one backend contributes: its snapshot, where it has one, and that one's rows in the order of the list."""

    result: BackendResult
    snapshot: Snapshot[Row] | None = None
    rows: Sequence[Row] = ()


class Merge(Generic[Row]):
    """The rows of one list, in order. Keys and cursors are made when they are first asked for.

    `parts` are the backends it was made of, `sign` makes the cursor that leads to a sort key. `fresh_until` is for
    whoever serves it to note.
    """

    def __init__(
        self, parts: Sequence[Part[Row]], rows: list[Row], key_of: RowOrder[Row], sign: Callable[[Any], str]
    ) -> None:
        self.parts = parts
        self.fresh_until: float | None = None
        self.rows = rows
        self._results = [part.result for part in parts]
        self._key_of = key_of
        self._sign = sign
        self._keys: list[tuple[Any, ...]] | None = None
        self._edges: list[Edge[Row] | None] = [None] * len(rows)

    def page(self, start: int, first: int, *, continued: bool) -> Connection[Row]:
        """The page of at most `first` rows from `start`; `continued` tells that it follows another."""
        stop = start + first
        return Connection(
            nodes=self.rows[start:stop],
            has_next_page=len(self.rows) > stop,
            has_previous_page=continued,
            cursor_at=lambda at: self.edge(start + at).cursor,
            backends=self._results,
            edges_made=lambda: self.edges(start, stop),
        )

    def begin(self, last: Any | None) -> int:
        """Where the rows after the sort key `last` begin."""
        if last is None:
            return 0
        if self._keys is None:
            self._keys = [self._key_of(row) for row in self.rows]
        return bisect_right(self._keys, last)

    def edges(self, start: int, stop: int) -> list[Edge[Row]]:
        """The rows from `start` to before `stop` with their cursors."""
        found = self._edges[start:stop]
        if None not in found:
            return found  # type: ignore[return-value]
        return [self.edge(index) for index in range(start, min(stop, len(self.rows)))]

    def edge(self, index: int) -> Edge[Row]:
        """One row with its cursor."""
        edge = self._edges[index]
        if edge is None:
            row = self.rows[index]
            edge = self._edges[index] = Edge(self._sign(held(self._key_of(row))), row)
        return edge


class Merges(Generic[Row]):
    """The merges of late, by what was asked for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Merge[Row]] = OrderedDict()

    def find(self, name: bytes) -> Merge[Row] | None:
        """The merge that was kept last under that name. Whether it is still good, its parts tell."""
        merge = self._kept.get(name)
        if merge is not None:
            self._kept.move_to_end(name)
        return merge

    def make(
        self,
        name: bytes,
        parts: Sequence[Part[Row]],
        *,
        key_of: RowOrder[Row],
        keep: Callable[[Row], bool] | None,
        sign: Callable[[Any], str],
    ) -> Merge[Row] | None:
        """Merge the rows of these parts and keep that; None when they are too many to keep."""
        if sum(len(part.rows) for part in parts) > _MOST_ROWS:
            return None
        rows = in_order([part.rows for part in parts], key_of, keep)
        merge = self._kept[name] = Merge(parts, rows, key_of, sign)
        self._kept.move_to_end(name)
        while len(self._kept) > _MOST_MERGES:
            self._kept.popitem(last=False)
        return merge


def in_order(runs: Sequence[Sequence[Row]], key_of: RowOrder[Row], keep: Callable[[Row], bool] | None) -> list[Row]:
    """The rows of several sorted runs, those that `keep` lets through, in one order."""
    rows = [row for run in runs for row in run if keep is None or keep(row)]
    key_of.sort(rows)
    return rows
