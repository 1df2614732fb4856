"""BackendStack: one backend with everything around its adapter.

Reads: measure, cache, single flight, total deadline, then the adapter, whose every vendor call passes the gate (call
budget, attempt timeout). Writes skip cache and single flight and are never repeated here; while one runs and when it
ends, `changing` sees to it that no answer fetched before it is joined or kept.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from gateway.backends.cache import Answer, AnswerCache
from gateway.backends.deadline import within
from gateway.backends.health import BackendHealth, HealthRecord
from gateway.backends.single_flight import SingleFlight
from gateway.domain.backend import Backend
from gateway.domain.errors import GatewayError
from gateway.domain.ports import VendorAdapter
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import Pace

Value = TypeVar("Value")


class BackendStack:
    """One backend as the services use it."""

    def __init__(
        self,
        *,
        adapter: VendorAdapter,
        manifest: VendorManifest,
        pace: Pace,
        health: HealthRecord,
        now: Callable[[], datetime],
    ) -> None:
        self.adapter = adapter
        self.manifest = manifest
        self.pace = pace
        self._health = health
        self._now = now
        self._cache = AnswerCache(pace.cache_ttl)
        self._flights = SingleFlight()
        self._epoch = 0

    @property
    def backend(self) -> Backend:
        """Who this is."""
        return self.adapter.backend

    @property
    def name(self) -> str:
        """The operator's name for it."""
        return self.adapter.backend.name

    @property
    def epoch(self) -> int:
        """Counts the beginnings and ends of changes: what was fetched under another epoch may be out of date."""
        return self._epoch

    def health(self) -> BackendHealth:
        """What the last minute says of it."""
        return self._health.reading()

    def peek(self, key: str) -> Answer[Any] | None:
        """The kept answer that `read` would give, without awaiting anything; None when it would have to ask."""
        return self._cache.peek(f"{self._epoch}|{key}")

    async def read(self, key: str, fetch: Callable[[], Awaitable[Value]], *, fresh: bool = False) -> Answer[Value]:
        """Answer from the cache, from an equal read under way, or from the vendor within the backend's `timeout`.

        `key` names what is asked for, within this backend. `fresh` reads past the cache. Raises GatewayError.
        """
        epoch = self._epoch
        key = f"{epoch}|{key}"
        if not fresh:
            kept = await self._cache.get(key)
            if kept is not None:
                return kept

        async def ask() -> Answer[Value]:
            value = await self.measured(lambda: within(self.pace.timeout, fetch, backend=self.name))
            answer = Answer(value, self._now())
            if epoch == self._epoch:
                await self._cache.put(key, answer)
            return answer

        if not self.pace.single_flight:
            return await ask()
        return await self._flights.run(key, ask)

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
        self._health.succeeded()
        return value

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """Around a change at the vendor: answers from before it are forgotten, and those under way are not kept."""
        await self._forget()
        try:
            yield
        finally:
            await self._forget()

    async def _forget(self) -> None:
        self._epoch += 1
        await self._cache.clear()
