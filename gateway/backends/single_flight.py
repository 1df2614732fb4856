"""Single flight: equal reads under way are answered by one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


class _Flight(Generic[Answer]):
    def __init__(self, task: "asyncio.Task[Answer]") -> None:
        self.task = task
        self.waiting = 0


class SingleFlight:
    """Shares one call among all who ask for the same key meanwhile.

    The call runs on its own: whoever leaves early leaves the others their answer, and the last one to leave cancels it.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[Any]] = {}

    async def run(self, key: Hashable, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Join the call under way for `key`, or start it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.ensure_future(_as_coroutine(call)))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._ended(key, flight))
        flight.waiting += 1
        try:
            answer: Answer = await asyncio.shield(flight.task)
            return answer
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._ended(key, flight)
                flight.task.cancel()

    def _ended(self, key: Hashable, flight: _Flight[Any]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def _as_coroutine(call: Callable[[], Awaitable[Answer]]) -> Answer:
    return await call()
