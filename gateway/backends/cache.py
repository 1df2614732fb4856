"""The short-lived cache of one backend's answers."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from aiocache import SimpleMemoryCache

from gateway.domain.page import Page

Value = TypeVar("Value")

# A walk through a long list leaves pages behind that nobody asks for again; the oldest make room. Rows are counted as
# well, because a page may hold a thousand of them.
_KEPT_ANSWERS = 512
_KEPT_ROWS = 10_000


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
        self._rows: OrderedDict[str, int] = OrderedDict()
        self._total_rows = 0

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
        rows = len(answer.value.rows) if isinstance(answer.value, Page) else 1
        self._total_rows += rows - self._rows.get(key, 0)
        self._rows[key] = rows
        self._rows.move_to_end(key)
        while len(self._rows) > _KEPT_ANSWERS or (self._total_rows > _KEPT_ROWS and len(self._rows) > 1):
            oldest, its_rows = self._rows.popitem(last=False)
            self._total_rows -= its_rows
            await self._store.delete(oldest)

    async def clear(self) -> None:
        """Forget everything."""
        keys = list(self._rows)
        self._rows.clear()
        self._total_rows = 0
        for key in keys:
            await self._store.delete(key)
