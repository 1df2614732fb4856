"""The shelf of snapshots: a whole backend read once, sorted, and shared by all pages and callers.

No vendor here promises an order over its whole list, so a global order needs all of it. A drain runs on its own within
the backend's call budget and `drain_timeout`; callers wait for it at most the backend's `timeout` and are told to come
back when it is not ready; when all have gone away instead, it ends. A snapshot is served as it is for `cache_ttl` or
ten times the drain's length, whichever is longer; then, while one drain renews it, up to twice that age or
`cache_hard_ttl`, unless that is set to `cache_ttl`; and, while the backend cannot be read, up to `stale_if_error` as
the `last` there is.
Without `single_flight` each asker drains on its own, within `timeout`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gateway.backends.cache import Life
from gateway.backends.changes import UNSEEN, Left, Outcome
from gateway.backends.deadline import ended_within, ending_in
from gateway.backends.priority import Priority, asking_as
from gateway.backends.shared.whole_list import Held, WholeList
from gateway.backends.snapshot import Identified, Snapshot
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError, InvalidInput, VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import Page, PageRequest

if TYPE_CHECKING:
    from gateway.backends.shared.lists import HadList

MOST_ROWS = 50_000
# Where everything is too much, every filter has a snapshot of its own; those that end first make room.
_MOST_KEPT = 16
_MOST_KEPT_ROWS = 2 * MOST_ROWS
# How long a list is known to be too much to read whole, at least, and how many times as long as it took to find out.
_TOO_MANY_SECONDS = 60.0
_KEPT_DRAINS = 10
_MOST_GROWTH = 2.0

Row = TypeVar("Row", bound=Identified)
Fetch = Callable[[PageRequest], Awaitable[Page[Row]]]
Keep = Callable[[Row], bool]


@dataclass(slots=True)
class _Kept(Generic[Row]):
    """A snapshot, its life, and how many changes of this list had ended when it was read."""

    snapshot: Snapshot[Row]
    life: Life
    changes: int


@dataclass(slots=True)
class _Drain(Generic[Row]):
    """A drain under way, the list's epoch when it began, how many wait for it, and whether somebody comes back."""

    task: asyncio.Task[Snapshot[Row]]
    epoch: int
    waiting: int = 0
    promised: bool = False


class SnapshotShelf(Generic[Row]):
    """The snapshots of one list of one backend: one of everything, and one per filter where everything is too much."""

    def __init__(
        self,
        stack: BackendStack,
        fetch: Fetch[Row],
        *,
        kind: Kind,
        page_size: int,
        what: str,
        now: Callable[[], datetime],
    ) -> None:
        self._stack = stack
        self._fetch = fetch
        self._kind = kind
        self._page_size = page_size
        self._what = what
        self._now = now
        self._ttl = stack.pace.cache_ttl.total_seconds()
        self._timeout = stack.pace.timeout.total_seconds()
        self._hard_ttl = stack.pace.hard_ttl.total_seconds()
        self._stale = stack.pace.stale_if_error.total_seconds()
        self._kept: dict[str, _Kept[Row]] = {}
        self._drains: dict[str, _Drain[Row]] = {}
        self._tasks: set[asyncio.Task[Snapshot[Row]]] = set()
        self._too_many_until = 0.0
        stack.changes.listen(kind, self._left_elsewhere)

    def ready(self, *, filter_key: str, narrowed: bool, fresh: bool = False) -> Snapshot[Row] | None:
        """The kept snapshot that `get` would give, without awaiting anything; None when there is something to do."""
        if fresh:
            return None
        moment = monotonic()
        key = ""
        if self._too_many_until > moment:
            if not narrowed:
                return None
            key = filter_key
        kept = self._kept.get(key)
        if kept is None or kept.life.hard <= moment:
            return None
        return kept.snapshot if key in self._drains or self._is_good(kept, moment) else None

    @property
    def is_being_read(self) -> bool:
        """Whether a drain of everything is under way."""
        return "" in self._drains

    def last(self, *, filter_key: str) -> Snapshot[Row] | None:
        """The last snapshot that was read, of everything or of that filter, at most `stale_if_error` old.

        It is for callers for whom `get` failed. Changes show in it as they do in any that is kept.
        """
        found = [kept for kept in (self._kept.get(""), self._kept.get(filter_key)) if kept is not None]
        kept = max(found, key=lambda one: one.life.since, default=None)
        return kept.snapshot if kept is not None and monotonic() - kept.life.since <= self._stale else None

    async def get(self, *, filter_key: str, keep: Keep[Row], narrowed: bool, fresh: bool = False) -> Snapshot[Row]:
        """The snapshot to page through.

        `narrowed` says whether `keep` lets less than everything through; `filter_key` names it. `fresh` reads past what
        is kept; a drain under way is joined even so. Raises BackendUnavailable while the drain goes on, InvalidInput
        when there are too many rows, or what the vendor said.
        """
        if self._too_many_until > monotonic():
            if not narrowed:
                raise self._too_many()
            return await self._one(filter_key, keep, fresh=fresh)
        try:
            return await self._one("", _everything, fresh=fresh)
        except InvalidInput:
            if not narrowed:
                raise
            return await self._one(filter_key, keep, fresh=fresh)

    async def look(self) -> Snapshot[Row]:
        """All rows as they are from here on, within the backend's `timeout`: what a change is decided upon."""
        return await self._drained("", _everything, self._stack.pace.timeout, self._too_long_alone)

    async def _one(self, key: str, keep: Keep[Row], *, fresh: bool) -> Snapshot[Row]:
        kept = None if fresh else self._kept.get(key)
        moment = monotonic()
        if kept is not None and kept.life.hard > moment:
            if key not in self._drains and not self._is_good(kept, moment):
                with asking_as(Priority.POLL):
                    self._begin(key, keep, behind=True).promised = True
            self._stack.sources.memory.count += 1
            return kept.snapshot
        if not self._stack.pace.single_flight:
            return await self._drained(key, keep, self._stack.pace.timeout, self._too_long_alone)
        return await self._shared(key, keep, fresh=fresh)

    def _is_good(self, kept: _Kept[Row], moment: float) -> bool:
        return kept.life.soft > moment and kept.changes == self._changes()

    def _epoch(self) -> int:
        return self._stack.changes.epoch(self._kind)

    def _changes(self) -> int:
        return self._stack.changes.ended(self._kind)

    async def _shared(self, key: str, keep: Keep[Row], *, fresh: bool) -> Snapshot[Row]:
        drain = self._drains.get(key)
        if drain is None or drain.epoch != self._epoch():
            if drain is not None and not drain.waiting:
                drain.task.cancel()
            drain = self._begin(key, keep, fresh=fresh)
        else:
            self._stack.sources.joined.count += 1
        drain.waiting += 1
        try:
            ended = await ended_within(self._timeout, drain.task)
        except asyncio.CancelledError:
            self._left_by_caller(key, drain)
            raise
        finally:
            drain.waiting -= 1
        if not ended:
            drain.promised = True
            raise BackendUnavailable(
                f"Backend {self._stack.name} is still reading all its {self._what}; the order is not ready. Ask again, "
                "or use the order BACKEND, which needs no whole list.",
                backend=self._stack.name,
            )
        return drain.task.result()

    def _left_by_caller(self, key: str, drain: _Drain[Row]) -> None:
        """A caller has gone for good: a drain that nobody else waits for, or was told to come back for, ends."""
        if drain.waiting == 1 and not drain.promised:
            if self._drains.get(key) is drain:
                del self._drains[key]
            drain.task.cancel()

    def _begin(self, key: str, keep: Keep[Row], *, fresh: bool = False, behind: bool = False) -> _Drain[Row]:
        obtained = self._obtained(key, keep, fresh=fresh)
        task = asyncio.create_task(self._stack.behind(obtained) if behind else obtained)
        drain = self._drains[key] = _Drain(task, self._epoch())
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._ended(key, drain))
        return drain

    async def _obtained(self, key: str, keep: Keep[Row], *, fresh: bool) -> Snapshot[Row]:
        """The list as another process has read it, or read here, for the others as well."""
        limit, shared = self._stack.pace.drain_timeout, self._stack.shared
        if shared is None or self._ttl <= 0:
            return await self._drained(key, keep, limit, self._too_long)
        epoch = self._epoch()
        try:
            async with asyncio.timeout(limit.total_seconds()):
                turn = await shared.lists.turn(self._kind, key, fresh=fresh, good_for=self._good_for)
        except TimeoutError:
            raise self._too_long() from None
        if turn is None:
            return await self._drained(key, keep, limit, self._too_long)
        try:
            if turn.found is not None:
                return self._taken(key, turn.found, epoch)
            began, started = self._now(), monotonic()
            try:
                snapshot = await self._drained(key, keep, limit, self._too_long)
            except InvalidInput:
                seconds = self._too_many_until - monotonic()
                if not key and seconds > 0:
                    await turn.tell(_whole(Held.MANY, began, monotonic() - started, seconds))
                raise
            took = monotonic() - started
            await turn.tell(_whole(Held.ROWS, began, took, self._lasting(took)[1], list(snapshot.rows.values())))
            return snapshot
        finally:
            await turn.let_go()

    def _taken(self, key: str, found: "HadList", epoch: int) -> Snapshot[Row]:
        """A list that another process read."""
        self._stack.sources.shared.count += 1
        whole, ended = found.whole, monotonic() - found.age
        if whole.held is Held.MANY:
            self._too_many_until = ended + whole.hard
            raise self._too_many()
        snapshot: Snapshot[Row] = Snapshot({row.ref.key: row for row in whole.rows}, whole.fetched_at)
        if epoch == self._epoch():
            self._put_away(key, snapshot, ended, whole.took)
        return snapshot

    def _good_for(self, whole: WholeList) -> float:
        return whole.hard if whole.held is Held.MANY else self._lasting(whole.took)[0]

    def _lasting(self, took: float) -> tuple[float, float]:
        """For how many seconds from its end a drain is good, and for how many it is kept."""
        soft = max(self._ttl, _KEPT_DRAINS * took)
        return soft, max(self._hard_ttl, soft * min(self._hard_ttl / self._ttl, _MOST_GROWTH))

    def _put_away(self, key: str, snapshot: Snapshot[Row], ended: float, took: float) -> None:
        soft, hard = self._lasting(took)
        self._make_room(key, ended, len(snapshot.rows))
        self._kept[key] = _Kept(snapshot, Life(ended - took, ended + soft, ended + hard), self._changes())

    async def _drained(
        self, key: str, keep: Keep[Row], limit: timedelta, too_long: Callable[[], GatewayError]
    ) -> Snapshot[Row]:
        epoch, began, started = self._epoch(), self._now(), monotonic()

        async def read() -> dict[tuple[str, ...], Row]:
            # A drain that its limit ends tells nothing of the vendor: every call of it had its own time.
            seconds = limit.total_seconds()
            try:
                with ending_in(seconds):
                    async with asyncio.timeout(seconds):
                        return await self._stack.measured(lambda: self._all_rows(keep))
            except TimeoutError:
                raise too_long() from None

        try:
            snapshot = Snapshot(await read(), began)
            self._stack.sources.vendor.count += 1
        except InvalidInput:
            if not key:
                took = monotonic() - started
                self._too_many_until = started + took + max(_TOO_MANY_SECONDS, _KEPT_DRAINS * took)
            raise
        if self._ttl > 0 and epoch == self._epoch():
            ended = monotonic()
            self._put_away(key, snapshot, ended, ended - started)
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

    def _ended(self, key: str, drain: _Drain[Row]) -> None:
        """Let go of a drain; when nobody waits for it any more, what went wrong stays with health alone."""
        self._tasks.discard(drain.task)
        if self._drains.get(key) is drain:
            del self._drains[key]
        kept = self._kept.get(key)
        if not drain.task.cancelled() and drain.task.exception() is not None and kept is not None:
            kept.life.put_off(monotonic())
            kept.changes = self._changes()

    def put(self, row: Row) -> None:
        """A row was read again after a change: show it so in what is kept, until that is renewed."""
        self._show(Outcome(Left.ROW, row=row))

    def drop(self, ref: ObjectId) -> None:
        """A row is gone."""
        self._show(Outcome(Left.NONE, ref=ref))

    def forget(self) -> None:
        """A change is missing in what is kept: the next asker waits for it to be read again."""
        self._show(UNSEEN)

    def _show(self, outcome: Outcome) -> None:
        self._left_elsewhere(outcome)
        self._stack.changes.left(self._kind, outcome)

    def _left_elsewhere(self, outcome: Outcome) -> None:
        if outcome.left is Left.UNSEEN:
            self._kept.clear()
        for kept in self._kept.values():
            if outcome.left is Left.ROW:
                kept.snapshot.put(outcome.row)
            elif outcome.left is Left.NONE and outcome.ref is not None:
                kept.snapshot.drop(outcome.ref)

    async def aclose(self) -> None:
        """Stop what is being read."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _make_room(self, key: str, moment: float, rows: int) -> None:
        for old in [one for one, kept in self._kept.items() if one == key or self._end(kept) <= moment]:
            del self._kept[old]
        while self._kept and (
            len(self._kept) >= _MOST_KEPT
            or rows + sum(len(kept.snapshot.rows) for kept in self._kept.values()) > _MOST_KEPT_ROWS
        ):
            del self._kept[min(self._kept, key=lambda one: self._kept[one].life.hard)]

    def _end(self, kept: _Kept[Row]) -> float:
        """When a snapshot is of no use any more."""
        return max(kept.life.hard, kept.life.since + self._stale)

    def _too_long(self) -> GatewayError:
        limit = self._stack.pace.drain_timeout.total_seconds()
        return BackendUnavailable(
            f"Backend {self._stack.name} could not be read whole within its drain_timeout of {limit:g} s. "
            "Raise it or calls_per_second, or use the order BACKEND.",
            backend=self._stack.name,
        )

    def _too_long_alone(self) -> GatewayError:
        limit = self._stack.pace.timeout.total_seconds()
        return BackendUnavailable(
            f"Backend {self._stack.name} could not be read whole within its timeout of {limit:g} s. Raise it or "
            "calls_per_second, or, for lists, turn single_flight on or use the order BACKEND.",
            backend=self._stack.name,
        )

    def _too_many(self) -> GatewayError:
        rule = f"at most {MOST_ROWS} rows in a global order"
        return InvalidInput(
            f"Backend {self._stack.name} has more than {MOST_ROWS} {self._what}. Narrow the filter, or use the order "
            "BACKEND, which streams any length.",
            path=("filter",),
            rule=rule,
            backend=self._stack.name,
        )


def _whole(held: Held, fetched_at: datetime, took: float, hard: float, rows: Sequence[Any] = ()) -> WholeList:
    return WholeList(held=held, fetched_at=fetched_at, took=took, hard=hard, rows=list(rows))


def _everything(_: object) -> bool:
    return True


def endless_paging(backend: str, what: str) -> VendorRejected:
    """The error for a vendor whose paging token leads back to where it came from."""
    return VendorRejected(
        f"Backend {backend} gave a page token of its {what} twice: its paging never ends. Reading stopped there.",
        backend=backend,
    )
