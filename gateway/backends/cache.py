"""The short-lived cache of one backend's answers."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
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


@dataclass(slots=True)
class _Kept:
    answer: Answer[Any]
    rows: int
    until: float


class AnswerCache:
    """Answers by key, forgotten after `ttl`; a ttl of zero keeps nothing.

    What this process fetched is answered from a dict, without awaiting; the store behind it is aiocache's.
    """

    def __init__(self, ttl: timedelta) -> None:
        self._ttl = ttl.total_seconds()
        # Memory cannot hang, so the guard that aiocache puts around every call would only cost time.
        self._store = SimpleMemoryCache(timeout=0)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._total_rows = 0

    def peek(self, key: str) -> Answer[Any] | None:
        """What this process keeps under `key`."""
        kept = self._kept.get(key)
        return kept.answer if kept is not None and kept.until > monotonic() else None

    async def get(self, key: str) -> Answer[Any] | None:
        """What is kept under `key`, here or in the store."""
        if self._ttl <= 0:
            return None
        found: Answer[Any] | None = self.peek(key) or await self._store.get(key)
        return found

    async def put(self, key: str, answer: Answer[Any]) -> None:
        """Keep an answer for the ttl."""
        if self._ttl <= 0:
            return
        rows = len(answer.value.rows) if isinstance(answer.value, Page) else 1
        former = self._kept.pop(key, None)
        self._total_rows += rows - (former.rows if former is not None else 0)
        self._kept[key] = _Kept(answer, rows, monotonic() + self._ttl)
        await self._store.set(key, answer, ttl=self._ttl)
        while len(self._kept) > _KEPT_ANSWERS or (self._total_rows > _KEPT_ROWS and len(self._kept) > 1):
            oldest, its = self._kept.popitem(last=False)
            self._total_rows -= its.rows
            await self._store.delete(oldest)

    async def clear(self) -> None:
        """Forget everything."""
        keys = list(self._kept)
        self._kept.clear()
        self._total_rows = 0
        for key in keys:
            await self._store.delete(key)
