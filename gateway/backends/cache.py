"""The cache of one backend's answers: served as they are up to a soft age, while they are renewed up to a hard one.

A warm read costs a look into a dict of this process and no await (`peek`), whether or not answers are shared with other
processes: what those have read is brought in by `gateway.backends.shared`.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Generic, TypeVar

from gateway.domain.errors import GatewayError
from gateway.domain.page import Page

Value = TypeVar("Value")

# A walk through a long list leaves pages behind that nobody asks for again; the oldest make room. Rows are counted as
# well, because a page may hold a thousand of them.
_KEPT_ANSWERS = 2048
_KEPT_ROWS = 10_000
_SOONEST_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A value and when the vendor gave it. `stale` is why no newer one could be had, where this one is too old."""

    value: Value
    fetched_at: datetime
    stale: GatewayError | None = None


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
    """Answers by key; what is older than `hard_ttl` is only the `last` that was had. A `ttl` of zero keeps nothing."""

    def __init__(self, ttl: timedelta, hard_ttl: timedelta) -> None:
        self._ttl = ttl.total_seconds()
        self._hard_ttl = max(hard_ttl, ttl).total_seconds()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._total_rows = 0

    def peek(self, key: str) -> Kept | None:
        """What is kept under `key`, past its soft age perhaps, never past its hard one."""
        kept = self._kept.get(key)
        return kept if kept is not None and kept.life.hard > monotonic() else None

    def last(self, key: str, max_age: float) -> Answer[Any] | None:
        """What was kept under `key` at most `max_age` seconds ago, past its hard age too."""
        kept = self._kept.get(key)
        return kept.answer if kept is not None and monotonic() - kept.life.since <= max_age else None

    def put(self, key: str, answer: Answer[Any], *, age: float = 0.0) -> None:
        """Keep an answer that was had just now, or `age` seconds ago by another process."""
        if self._ttl <= 0:
            return
        since = monotonic() - age
        rows = len(answer.value.rows) if isinstance(answer.value, Page) else 1
        self._drop(key)
        self._kept[key] = Kept(answer, Life(since, since + self._ttl, since + self._hard_ttl), rows)
        self._total_rows += rows
        while len(self._kept) > _KEPT_ANSWERS or (self._total_rows > _KEPT_ROWS and len(self._kept) > 1):
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._total_rows = 0

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._total_rows -= kept.rows
