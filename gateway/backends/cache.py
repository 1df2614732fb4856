"""The short-lived cache of one backend's answers."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from aiocache import SimpleMemoryCache

Value = TypeVar("Value")

# A walk through a long list leaves pages behind that nobody asks for again; the oldest make room.
_KEPT_ANSWERS = 512


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A value and when the vendor gave it."""

    value: Value
    fetched_at: datetime


class AnswerCache:
    """Answers by key, forgotten after `ttl`; a ttl of zero keeps nothing."""

    def __init__(self, ttl: timedelta) -> None:
        self._ttl = ttl.total_seconds()
        # Memory cannot hang, so the guard that aiocache puts around every call would only cost time.
        self._store = SimpleMemoryCache(timeout=0)
        self._order: OrderedDict[str, None] = OrderedDict()

    async def get(self, key: str) -> Answer[Any] | None:
        """What is kept under `key`."""
        if self._ttl <= 0:
            return None
        found: Answer[Any] | None = await self._store.get(key)
        return found

    async def put(self, key: str, answer: Answer[Any]) -> None:
        """Keep an answer for the ttl."""
        if self._ttl <= 0:
            return
        await self._store.set(key, answer, ttl=self._ttl)
        self._order[key] = None
        self._order.move_to_end(key)
        while len(self._order) > _KEPT_ANSWERS:
            oldest, _ = self._order.popitem(last=False)
            await self._store.delete(oldest)

    async def clear(self) -> None:
        """Forget everything."""
        for key in self._order:
            await self._store.delete(key)
        self._order.clear()
