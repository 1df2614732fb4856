"""Snapshots: a whole backend read once, sorted, and shared by all pages and callers.

No vendor here promises an order over its whole list, so a global order needs all of it. A drain runs on its own within
the backend's call budget and `drain_timeout`; callers wait for it at most the backend's `timeout` and are told to come
back when it is not ready. A snapshot is kept for `cache_ttl` or ten times the drain's length, whichever is longer.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError, InvalidInput, VendorRejected
from gateway.domain.ids import ObjectId
from gateway.domain.page import Page, PageRequest

MOST_ROWS = 50_000


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
Fetch = Callable[[PageRequest], Awaitable[Page[Row]]]
Keep = Callable[[Row], bool]


@dataclass(slots=True)
class Snapshot(Generic[Row]):
    """All rows of a backend (or all that a filter let through), with orders made when first asked for.

    They are kept by the vendor's key: a list may print coarser times than a single read, and so another id.
    """

    rows: dict[tuple[str, ...], Row]
    fetched_at: datetime
    _orders: dict[object, tuple[list[Any], list[Row]]] = field(default_factory=dict)

    def after(self, order: object, key_of: Callable[[Row], Any], last: Any | None) -> tuple[list[Row], int]:
        """The rows in an order, and the place where those after the sort key `last` begin. `order` names `key_of`."""
        if order not in self._orders:
            rows = sorted(self.rows.values(), key=key_of)
            self._orders[order] = ([key_of(row) for row in rows], rows)
        keys, rows = self._orders[order]
        return rows, 0 if last is None else bisect_right(keys, last)

    def put(self, row: Row) -> None:
        """Replace or add a row that was read again."""
        self.rows[row.ref.key] = row
        self._orders.clear()

    def drop(self, ref: ObjectId) -> None:
        """Take out a row that is gone."""
        if self.rows.pop(ref.key, None) is not None:
            self._orders.clear()


@dataclass(slots=True)
class _Kept(Generic[Row]):
    snapshot: Snapshot[Row]
    until: float


class SnapshotShelf(Generic[Row]):
    """The snapshots of one list of one backend: one of everything, and one per filter where everything is too much."""

    def __init__(
        self, stack: BackendStack, fetch: Fetch[Row], *, page_size: int, what: str, now: Callable[[], datetime]
    ) -> None:
        self._stack = stack
        self._fetch = fetch
        self._page_size = page_size
        self._what = what
        self._now = now
        self._kept: dict[str, _Kept[Row]] = {}
        self._drains: dict[str, tuple[int, asyncio.Task[Snapshot[Row]]]] = {}
        self._too_many_until = 0.0

    def ready(self, *, filter_key: str, narrowed: bool, fresh: bool = False) -> Snapshot[Row] | None:
        """The kept snapshot that `get` would give, without awaiting anything; None when it would have to read."""
        if fresh:
            return None
        moment = monotonic()
        kept = self._kept.get("")
        if self._too_many_until > moment:
            kept = self._kept.get(filter_key) if narrowed else None
        return kept.snapshot if kept is not None and kept.until > moment else None

    async def get(self, *, filter_key: str, keep: Keep[Row], narrowed: bool, fresh: bool = False) -> Snapshot[Row]:
        """The snapshot to page through.

        `narrowed` says whether `keep` lets less than everything through; `filter_key` names it. Raises
        BackendUnavailable while the drain goes on, InvalidInput when there are too many rows, or what the vendor said.
        """
        if self._too_many_until > monotonic():
            if not narrowed:
                raise self._too_many()
            return await self._one(filter_key, keep, fresh=fresh)
        try:
            return await self._one("", _everything, fresh=fresh)
        except InvalidInput:
            self._too_many_until = monotonic() + 60
            if not narrowed:
                raise
            return await self._one(filter_key, keep, fresh=fresh)

    async def _one(self, key: str, keep: Keep[Row], *, fresh: bool) -> Snapshot[Row]:
        kept = self._kept.get(key)
        if kept is not None and kept.until > monotonic() and not fresh:
            return kept.snapshot
        epoch, task = self._drains.get(key, (-1, None))
        if task is None or task.done() or epoch != self._stack.epoch:
            epoch = self._stack.epoch
            task = asyncio.create_task(self._drain(key, keep, epoch))
            self._drains[key] = (epoch, task)
            task.add_done_callback(lambda done: self._ended(key, done))
        done, _ = await asyncio.wait({task}, timeout=self._stack.pace.timeout.total_seconds())
        if not done:
            raise BackendUnavailable(
                f"Backend {self._stack.name} is still reading all its {self._what}; the order is not ready. Ask again, "
                "or use the order BACKEND, which needs no whole list.",
                backend=self._stack.name,
            )
        return task.result()

    async def _drain(self, key: str, keep: Keep[Row], epoch: int) -> Snapshot[Row]:
        started = monotonic()
        limit = self._stack.pace.drain_timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                rows = await self._stack.measured(lambda: self._all_rows(keep))
        except TimeoutError:
            raise BackendUnavailable(
                f"Backend {self._stack.name} could not be read whole within its drain_timeout of {limit:g} s. "
                "Raise it or calls_per_second, or use the order BACKEND.",
                backend=self._stack.name,
            ) from None
        snapshot = Snapshot(rows, self._now())
        ttl = self._stack.pace.cache_ttl.total_seconds()
        if ttl > 0 and epoch == self._stack.epoch:
            ended = monotonic()
            self._kept[key] = _Kept(snapshot, ended + max(ttl, 10 * (ended - started)))
            self._forget_expired(ended)
        return snapshot

    async def _all_rows(self, keep: Keep[Row]) -> dict[tuple[str, ...], Row]:
        rows: dict[tuple[str, ...], Row] = {}
        after: str | None = None
        seen: set[str] = set()
        while True:
            page = await self._fetch(PageRequest(self._page_size, after))
            for row in page.rows:
                if keep(row):
                    rows[row.ref.key] = row
            if len(rows) > MOST_ROWS:
                raise self._too_many()
            if page.next is None:
                return rows
            if page.next in seen:
                raise endless_paging(self._stack.name, self._what)
            seen.add(page.next)
            after = page.next

    def _ended(self, key: str, task: "asyncio.Task[Snapshot[Row]]") -> None:
        """Let go of a drain; when nobody waits for it any more, what went wrong stays with health alone."""
        if self._drains.get(key, (0, None))[1] is task:
            del self._drains[key]
        if not task.cancelled():
            task.exception()

    def put(self, row: Row) -> None:
        """A row was read again after a change: show it so in what is kept."""
        for kept in self._kept.values():
            kept.snapshot.put(row)

    def drop(self, ref: ObjectId) -> None:
        """A row is gone."""
        for kept in self._kept.values():
            kept.snapshot.drop(ref)

    async def aclose(self) -> None:
        """Stop what is being read."""
        tasks = [task for _, task in self._drains.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_expired(self, moment: float) -> None:
        for key in [key for key, kept in self._kept.items() if kept.until <= moment]:
            del self._kept[key]

    def _too_many(self) -> GatewayError:
        rule = f"at most {MOST_ROWS} rows in a global order"
        return InvalidInput(
            f"Backend {self._stack.name} has more than {MOST_ROWS} {self._what}. Narrow the filter, or use the order "
            "BACKEND, which streams any length.",
            path=("filter",),
            rule=rule,
            backend=self._stack.name,
        )


def _everything(_: object) -> bool:
    return True


def endless_paging(backend: str, what: str) -> VendorRejected:
    """The error for a vendor whose paging token leads back to where it came from."""
    return VendorRejected(
        f"Backend {backend} gave a page token of its {what} twice: its paging never ends. Reading stopped there.",
        backend=backend,
    )
