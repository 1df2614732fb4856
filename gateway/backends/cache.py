"""The cache of one backend's answers: served as they are up to a soft age, while they are renewed up to a hard one.

A warm read costs a look into a dict of this process and no await (`peek`). Behind the dict stands a store of aiocache,
asked only for what the dict has not: it costs the reads that go on to the vendor a few microseconds, and is the place
where answers can be shared with other processes.
"""

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
_KEPT_ANSWERS = 2048
_KEPT_ROWS = 10_000
_SOONEST_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A value and when the vendor gave it."""

    value: Value
    fetched_at: datetime


@dataclass(slots=True)
class Life:
    """When something kept was had, until when it is served as it is, and until when while it is renewed.

    Seconds of the monotonic clock.
    """

    since: float
    soft: float
    hard: float

    def put_off(self, moment: float) -> None:
        """Renewing it failed at this moment: it is tried again half way to its end, and not within a second."""
        self.soft = moment + max((self.hard - moment) / 2, _SOONEST_RETRY)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, its life, and how many rows it holds."""

    answer: Answer[Any]
    life: Life
    rows: int


class AnswerCache:
    """Answers by key; what is older than `hard_ttl` is forgotten. A `ttl` of zero keeps nothing."""

    def __init__(self, ttl: timedelta, hard_ttl: timedelta) -> None:
        self._ttl = ttl.total_seconds()
        self._hard_ttl = max(hard_ttl, ttl).total_seconds()
        # Memory cannot hang, so the guard that aiocache puts around every call would only cost time.
        self._store = SimpleMemoryCache(timeout=0)
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._total_rows = 0

    def peek(self, key: str) -> Kept | None:
        """What this process keeps under `key`, past its soft age perhaps, never past its hard one."""
        kept = self._kept.get(key)
        return kept if kept is not None and kept.life.hard > monotonic() else None

    async def get(self, key: str) -> Kept | None:
        """What is kept under `key`, here or in the store."""
        if self._ttl <= 0:
            return None
        found: Kept | None = self.peek(key) or await self._store.get(key)
        return found

    async def put(self, key: str, answer: Answer[Any]) -> None:
        """Keep an answer that was had just now."""
        if self._ttl <= 0:
            return
        moment = monotonic()
        rows = len(answer.value.rows) if isinstance(answer.value, Page) else 1
        kept = Kept(answer, Life(moment, moment + self._ttl, moment + self._hard_ttl), rows)
        self._drop(key)
        self._kept[key] = kept
        self._total_rows += rows
        gone = []
        while len(self._kept) > _KEPT_ANSWERS or (self._total_rows > _KEPT_ROWS and len(self._kept) > 1):
            gone.append(next(iter(self._kept)))
            self._drop(gone[-1])
        await self._store.set(key, kept, ttl=self._hard_ttl)
        for one in gone:
            await self._store.delete(one)

    async def clear(self) -> None:
        """Forget everything."""
        keys = list(self._kept)
        self._kept.clear()
        self._total_rows = 0
        for key in keys:
            await self._store.delete(key)

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._total_rows -= kept.rows
