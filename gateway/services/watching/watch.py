"""Watch: the one poller of one watched thing in this process, while somebody listens."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from contextvars import Context
from typing import Any, Generic, Protocol, TypeVar

import structlog

from gateway.domain.errors import BackendUnavailable, GatewayError
from gateway.observability.metrics import LOOKS, WATCHED
from gateway.services.watching.looks import Asking, Gone, Look, Outgrown
from gateway.services.watching.pace import Rhythm
from gateway.services.watching.sightings import Sightings


class Identified(Protocol):
    """What can be watched."""

    @property
    def id(self) -> str:
        """As clients see it."""


Seen = TypeVar("Seen", bound=Identified)

# So many listeners are told before others are let go on: all at once would hold up everybody's requests.
_TOLD_AT_ONCE = 32

_log = structlog.get_logger(__name__)


def _never(_: object) -> bool:
    """Most things may always change."""
    return False


class Told(Protocol):
    """Who listens to watches."""

    def stir(self, watch: "Watch[Any]") -> None:
        """There may be something new in this watch."""


class Demand:
    """What is seen shall be as of `since`, in seconds of the monotonic clock, or later. `error`: it could not be."""

    __slots__ = ("by", "done", "error", "since")

    def __init__(self, since: float, by: Told | None) -> None:
        self.since = since
        self.by = by
        self.done = False
        self.error: GatewayError | None = None


class Watch(Generic[Seen]):
    """Looks while it runs, and tells who has joined.

    `as_of` is the moment for which what is seen holds; `ended` is set when there will be nothing new any more, with
    `error` as the reason where there is one.
    """

    def __init__(
        self,
        kind: str,
        look: Look[Seen],
        sightings: Sightings[Seen],
        rhythm: Rhythm,
        seconds: Callable[[], float],
        *,
        settled: Callable[[Seen], bool] = _never,
    ) -> None:
        self._kind = kind
        self._look = look
        self._settled = settled
        self._seconds = seconds
        self._rhythm = rhythm
        self._seen = sightings
        self._unseen_once: set[str] = set()
        self._listeners: dict[Told, None] = {}
        self._demands: dict[Demand, None] = {}
        self._woken = asyncio.Event()
        self._urgent = asyncio.Event()
        self._asked_since = 0.0
        self.as_of = float("-inf")
        self.ended = False
        self.error: GatewayError | None = None
        # Not of the request that happens to come first: its trace and its priority end with it.
        self.running = asyncio.create_task(self._run(), context=Context())
        WATCHED.labels(kind).inc()

    def join(self, listener: Told, oldest: float) -> Demand:
        """Tell this listener from here on. It may begin when what is seen is at most `oldest` seconds old: then it is
        told too, and what this gives is `done`.
        """
        self._listeners[listener] = None
        demand = Demand(self._seconds() - oldest, listener)
        if self.as_of >= demand.since:
            demand.done = True
        else:
            self._demand(demand)
        return demand

    def leave(self, listener: Told, demand: Demand) -> bool:
        """Tell this one no more, which came with that demand. Whether nobody is left to be told."""
        self._listeners.pop(listener, None)
        self._demands.pop(demand, None)
        if not self._demands:
            self._urgent.clear()
        return not self._listeners

    def after(self, place: int) -> tuple[int, Seen] | None:
        """As Sightings says."""
        return self._seen.after(place)

    def quicken(self, *, touched: bool = False) -> None:
        """Something has changed there, or may have; `touched` says that it was this very thing."""
        self._rhythm.quicken()
        self._woken.set()
        if touched:
            self._demand(Demand(self._seconds(), None))

    def end(self, error: GatewayError | None = None) -> None:
        """There will be nothing new any more. Whoever listens still takes what there is."""
        if self.ended:
            return
        self.ended, self.error = True, error
        if asyncio.current_task() is not self.running:
            self.running.cancel()
        WATCHED.labels(self._kind).dec()
        for listener in self._listeners:
            listener.stir(self)

    def _demand(self, demand: Demand) -> None:
        self._demands[demand] = None
        self._urgent.set()
        self._woken.set()

    async def _run(self) -> None:
        while not self.ended:
            await self._look_once()
            if not self.ended:
                await self._wait()

    async def _wait(self) -> None:
        """Until the next moment, or until somebody asks for a look."""
        due = self._seconds() + self._rhythm.pause()
        while not self._urgent.is_set():
            self._woken.clear()
            try:
                async with asyncio.timeout(due - self._seconds()):
                    await self._woken.wait()
            except TimeoutError:
                return
            due = min(due, self._seconds() + self._rhythm.pause())

    async def _look_once(self) -> None:
        try:
            changed = await self._looked()
        except Gone as gone:
            LOOKS.labels(self._kind, "gone").inc()
            for demand in self._demands:
                demand.error = gone.error
            self.end()
        except Outgrown as error:
            LOOKS.labels(self._kind, "failed").inc()
            self.end(error)
        except GatewayError as error:
            self._failed(error)
        except Exception as odd:  # noqa: BLE001 - whoever listens must not wait for ever for a poller that fell
            _log.error("look_failed", kind=self._kind, exc_info=odd)
            self._failed(BackendUnavailable("Something unexpected happened here while looking. Subscribe again."))
        else:
            LOOKS.labels(self._kind, "changed" if changed else "unchanged").inc()
            if changed:
                self._rhythm.quicken()
            else:
                self._rhythm.slacken(settled=self._seen.all(self._settled))

    async def _looked(self) -> bool:
        """Look once, and tell who listens as things are seen. Whether there were changes."""
        as_of = self._seconds()
        changed = False
        unseen = self._seen.keys()
        async with aclosing(self._look(Asking(self._oldest, self._urgent))) as parts:
            async for part in parts:
                as_of = min(as_of, self._asked_since)
                news = False
                for one in part:
                    key = one.id
                    unseen.discard(key)
                    news = self._seen.see(key, one) or news
                if news:
                    changed = True
                    await self._tell(tuple(self._listeners))
        # Rows move between pages while they are read. What is missing twice is gone.
        for key in unseen & self._unseen_once:
            self._seen.forget(key)
        self._unseen_once = unseen - self._unseen_once
        await self._met(as_of)
        return changed

    def _oldest(self) -> float:
        """How old what is read next may be. Other processes look at the same moments, give or take."""
        now = self._seconds()
        self._asked_since = max((demand.since for demand in self._demands), default=now - self._rhythm.interval / 2)
        return max(0.0, now - self._asked_since)

    async def _met(self, as_of: float) -> None:
        self.as_of = as_of
        met = [demand for demand in self._demands if demand.since <= as_of]
        for demand in met:
            del self._demands[demand]
            demand.done = True
        if not self._demands:
            self._urgent.clear()
        await self._tell([demand.by for demand in met if demand.by is not None])

    def _failed(self, error: GatewayError) -> None:
        LOOKS.labels(self._kind, "failed").inc()
        self._rhythm.slacken()
        failed, self._demands = self._demands, {}
        self._urgent.clear()
        for demand in failed:
            demand.done, demand.error = True, error
            if demand.by is not None:
                demand.by.stir(self)

    async def _tell(self, listeners: Sequence[Told]) -> None:
        for number, listener in enumerate(listeners, start=1):
            listener.stir(self)
            if number % _TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)
