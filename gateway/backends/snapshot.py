"""A snapshot: all rows of one list of one backend, in any order that is asked for."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from gateway.domain.ids import ObjectId


class Identified(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str:
        """The global id."""
        ...

    @property
    def ref(self) -> ObjectId:
        """The id, decoded."""
        ...


Row = TypeVar("Row", bound=Identified)
Ordered = TypeVar("Ordered")


class RowOrder(Protocol[Ordered]):
    """An order of rows: the key of each, and the way to sort a list of them as the keys compare."""

    def __call__(self, row: Ordered, /) -> tuple[Any, ...]:
        """The key."""
        ...

    def sort(self, rows: list[Ordered], /) -> None:
        """Sort in place."""
        ...


@dataclass(slots=True)
class Snapshot(Generic[Row]):
    """All rows of a backend (or all that a filter let through), with orders made when first asked for.

    They are kept by the vendor's key: a list may print coarser times than a single read, and so another id.
    """

    rows: dict[tuple[str, ...], Row]
    fetched_at: datetime
    _orders: dict[object, list[Row]] = field(default_factory=dict)

    def ordered(self, order: object, key_of: RowOrder[Row]) -> list[Row]:
        """The rows in an order, the same list until a row changes. `order` names `key_of`."""
        rows = self._orders.get(order)
        if rows is None:
            rows = list(self.rows.values())
            key_of.sort(rows)
            self._orders[order] = rows
        return rows

    def put(self, row: Row) -> None:
        """Replace or add a row that was read again."""
        self.rows[row.ref.key] = row
        self._orders.clear()

    def drop(self, ref: ObjectId) -> None:
        """Take out a row that is gone."""
        if self.rows.pop(ref.key, None) is not None:
            self._orders.clear()
