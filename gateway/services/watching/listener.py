"""Listener: one subscription, which follows any number of watches at its own pace."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.services.watching.watch import Demand, Identified, Watch

Seen = TypeVar("Seen", bound=Identified)


@dataclass(slots=True)
class _Following:
    """How far it is. `at_once`: what is seen is shown as it comes, for nothing older is there."""

    demand: Demand
    at_once: bool
    place: int = 0


class Listener(Generic[Seen]):
    """Holds a place in each watch and nothing of what is seen there: what it does not take costs nothing."""

    __slots__ = ("_following", "_stirred", "_waiting")

    def __init__(self) -> None:
        self._following: dict[Watch[Seen], _Following] = {}
        self._stirred: dict[Watch[Seen], None] = {}
        self._waiting: asyncio.Future[None] | None = None

    def follow(self, watch: Watch[Seen], oldest: float) -> None:
        """Listen to this one too. What is shown first is at most `oldest` seconds old."""
        at_once = watch.after(0) is None
        self._following[watch] = _Following(watch.join(self, oldest), at_once)
        self._stirred[watch] = None

    def stir(self, watch: Watch[Seen]) -> None:
        """There may be something new in this watch."""
        self._stirred[watch] = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def stirred_watch(self) -> Watch[Seen] | None:
        """Wait for a watch where there may be news; None when all have ended."""
        while self._following:
            if self._stirred:
                watch = next(iter(self._stirred))
                del self._stirred[watch]
                return watch
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return None

    def leave(self) -> Iterator[Watch[Seen]]:
        """Listen no more. Gives the watches that nobody listens to now."""
        for watch, following in self._following.items():
            if watch.leave(self, following.demand):
                yield watch
        self._following = {}

    def news(self, watch: Watch[Seen]) -> Iterator[Seen]:
        """What has changed there since. Raises GatewayError where nothing could be seen at first."""
        following = self._following.get(watch)
        if following is None:
            return
        if following.demand.error is not None:
            # All who waited share it; each raises it from here.
            raise following.demand.error.with_traceback(None)
        if following.demand.done or following.at_once:
            while (found := watch.after(following.place)) is not None:
                following.place, seen = found
                yield seen
        if watch.ended:
            if watch.error is not None:
                raise watch.error.with_traceback(None)
            watch.leave(self, following.demand)
            del self._following[watch]
