"""BackendStack: one backend with everything around its adapter.

Reads: measure, cache, single flight, total deadline, then the adapter, whose every vendor call passes the gate
(`call_gate.py`). Up to `cache_ttl` a kept answer is served as it is; from there to `cache_hard_ttl` it is
served while one read renews it behind the answers; after that callers wait. Writes skip cache and single flight and are
never repeated here; while one runs and when it ends, `changing` sees to it that no answer fetched before it is joined
or kept.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.backends.cache import Answer, AnswerCache, Kept
from gateway.backends.call_gate import BackendGate, Traffic
from gateway.backends.changes import Changes
from gateway.backends.deadline import within
from gateway.backends.health import BackendHealth, HealthRecord
from gateway.backends.odd_answers import not_understood
from gateway.backends.priority import Priority, asking_as
from gateway.backends.single_flight import SingleFlight
from gateway.backends.sources import Sources
from gateway.domain.backend import Backend
from gateway.domain.errors import GatewayError
from gateway.domain.ids import Kind
from gateway.domain.ports import VendorAdapter
from gateway.observability.tracing import NO_TRACING, Tracing
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import Pace

if TYPE_CHECKING:
    from gateway.backends.shared.sharing import SharedBackend

Value = TypeVar("Value")
Fetch = Callable[[Sequence[int]], Awaitable[Sequence[Value]]]


class BackendStack:
    """One backend as the services use it. `name` is the operator's own for it."""

    def __init__(
        self,
        *,
        adapter: VendorAdapter,
        manifest: VendorManifest,
        pace: Pace,
        health: HealthRecord,
        now: Callable[[], datetime],
        gate: BackendGate | None = None,
        shared: "SharedBackend | None" = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self.adapter = adapter
        self.name = adapter.backend.name
        self.tracing = tracing
        self.sources = Sources(adapter.backend.name)
        self.manifest = manifest
        self.pace = pace
        self._health = health
        self._gate = gate
        self._now = now
        self._cache = AnswerCache(pace.cache_ttl, pace.hard_ttl)
        self._flights = SingleFlight()
        self._renewals: dict[str, asyncio.Task[None]] = {}
        self.shared = shared
        self.changes = Changes() if shared is None else shared.changes
        self.changes.when_moved(self._cache.clear)

    @property
    def backend(self) -> Backend:
        """Who this is."""
        return self.adapter.backend

    def health(self) -> BackendHealth:
        """What the last minute says of it, and what stands around its calls at this moment."""
        traffic = self.traffic()
        return replace(
            self._health.reading(),
            circuit=traffic.circuit,
            circuit_open_until=traffic.open_until,
            calls_under_way=traffic.under_way,
            calls_waiting=traffic.waiting,
        )

    def traffic(self) -> Traffic:
        """What goes to the vendor at this moment."""
        return Traffic() if self._gate is None else self._gate.traffic()

    def peek(self, key: str, *, max_age: float | None = None) -> Answer[Any] | None:
        """The kept answer that `read` would give, without awaiting anything; None when there is something to do."""
        kept = self._cache.peek(key)
        if kept is None or _too_old(kept, max_age):
            return None
        return kept.answer if kept.life.soft > monotonic() or key in self._renewals else None

    def last(self, key: str) -> Answer[Any] | None:
        """The last good answer, at most `stale_if_error` old, for lists of a backend that cannot be asked.

        It is of this process, whether or not answers are shared, and none from before a change is left.
        """
        return self._cache.last(key, self.pace.stale_if_error.total_seconds())

    async def read(
        self,
        key: str,
        fetch: Callable[[], Awaitable[Value]],
        *,
        fresh: bool = False,
        max_age: float | None = None,
    ) -> Answer[Value]:
        """Answer from the cache, from an equal read under way, or from the vendor within the backend's `timeout`.

        `key` names what is asked for, within this backend. `fresh` reads past the cache, and past what is older than
        `max_age` seconds no answer is served from it. Raises GatewayError.
        """

        async def the_one(_: Sequence[int]) -> Sequence[Value]:
            return (await fetch(),)

        (answer,) = await self.read_many((key,), the_one, fresh=fresh, max_age=max_age)
        return answer

    async def read_many(
        self,
        keys: Sequence[str],
        fetch: Fetch[Value],
        *,
        fresh: bool = False,
        max_age: float | None = None,
    ) -> list[Answer[Value]]:
        """As `read`, for several things that a vendor tells at once, each kept under a key of its own.

        `fetch` is given the places of those that have to be read, and answers them in that order.
        """
        found: list[Answer[Value] | None] = [None] * len(keys)
        ageing: list[Kept] = []
        memory = self.sources.memory
        places: list[int] = []
        renewed: list[int] = []
        moment = monotonic()
        for place, key in enumerate(keys):
            kept = None if fresh else self._cache.peek(key)
            if kept is None or _too_old(kept, max_age):
                places.append(place)
                continue
            found[place] = kept.answer
            memory.count += 1
            if kept.life.soft <= moment and key not in self._renewals:
                renewed.append(place)
                ageing.append(kept)
        if renewed:
            self._renew(tuple(keys[place] for place in renewed), ageing, _among(fetch, renewed))
        if places:
            wanted = tuple(keys[place] for place in places)
            answers = await self._fetched(wanted, _among(fetch, places), fresh=fresh, max_age=max_age)
            for place, answer in zip(places, answers, strict=True):
                found[place] = answer
        return [answer for answer in found if answer is not None]

    async def _fetched(
        self, keys: tuple[str, ...], fetch: Fetch[Value], *, fresh: bool = False, max_age: float | None = None
    ) -> list[Answer[Value]]:
        """Read what this process does not have, from the vendor or as another process has just read it."""
        epoch = self.changes.any_epoch
        shared = self.shared
        joined = True

        async def ask() -> list[tuple[Answer[Value], float]]:
            nonlocal joined
            joined = False
            if shared is None:
                values = await self.look(partial(fetch, range(len(keys))))
                at = self._now()
                had = [(Answer(value, at), 0.0) for value in values]
                self.sources.vendor.count += len(had)
            else:
                found = await self.look(partial(shared.answers.read, keys, fetch, fresh=fresh, max_age=max_age))
                had = [(one.answer, one.age) for one in found]
                others = sum(one.of_another for one in found)
                self.sources.shared.count += others
                self.sources.vendor.count += len(had) - others
            if epoch == self.changes.any_epoch:
                for key, (answer, age) in zip(keys, had, strict=True):
                    self._cache.put(key, answer, age=age)
            return had

        if not self.pace.single_flight:
            had = await ask()
        else:
            # Who reads past the cache must not be given what another process has kept.
            wanted = None if shared is None else (fresh, max_age)
            had = await self._flights.run((epoch, keys, wanted), ask)
            if joined:
                self.sources.joined.count += len(had)
        return [answer for answer, _ in had]

    def _renew(self, keys: tuple[str, ...], kept: list[Kept], fetch: Fetch[object]) -> None:
        """Read again behind the answers. Health knows of a failure; what is kept stays until it is too old."""

        async def renew() -> None:
            try:
                await self.behind(self._fetched(keys, fetch))
            except GatewayError:
                for one in kept:
                    one.life.put_off(monotonic())

        def ended(_: "asyncio.Task[None]") -> None:
            for key in keys:
                del self._renewals[key]

        with asking_as(Priority.POLL):
            renewal = asyncio.create_task(renew())
        self._renewals.update(dict.fromkeys(keys, renewal))
        renewal.add_done_callback(ended)

    async def behind(self, read: Coroutine[Any, Any, Value]) -> Value:
        """Do a read that renews what is kept: for nobody in particular, and in a trace of its own."""
        with self.tracing.work("renewal", self.name):
            return await read

    async def look(self, fetch: Callable[[], Awaitable[Value]]) -> Value:
        """Ask the vendor itself, past cache and single flight, within the `timeout`: what a change is decided upon."""
        return await self.measured(lambda: within(self.pace.timeout, fetch, backend=self.name))

    async def measured(self, call: Callable[[], Awaitable[Value]]) -> Value:
        """Await a read outside the cache, such as one page of a long drain, and let health know how it went."""
        try:
            value = await call()
        except GatewayError as error:
            if error.backend is None:
                error.backend = self.name
            self._health.failed(error)
            raise
        except Exception as problem:
            raise not_understood(problem, self.name) from problem
        self._health.succeeded()
        return value

    @asynccontextmanager
    async def changing(self, shown_in: Kind) -> AsyncIterator[None]:
        """Around a change that shows in the lists of this kind: answers from before it are forgotten, and those under
        way are not kept.
        """
        self.changes.begin(shown_in)
        if self.shared is not None:
            await self.shared.begun(shown_in)
        try:
            yield
        finally:
            try:
                # First for all processes, then here: what is kept here from now on was read after it.
                if self.shared is not None:
                    await self.shared.ended(shown_in)
            finally:
                self.changes.end(shown_in)

    async def aclose(self) -> None:
        """Stop what is being renewed."""
        renewals = set(self._renewals.values())
        for renewal in renewals:
            renewal.cancel()
        await asyncio.gather(*renewals, return_exceptions=True)


def _among(fetch: Fetch[Value], places: Sequence[int]) -> Fetch[Value]:
    """The fetch of some of the things, by their places among these."""
    return lambda chosen: fetch([places[place] for place in chosen])


def _too_old(kept: Kept, max_age: float | None) -> bool:
    return max_age is not None and monotonic() - kept.life.since > max_age
