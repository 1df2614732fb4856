"""RequestRates: how many operations a second each principal may ask for, counted in this process."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

_MOST_PRINCIPALS: Final = 10_000


class TooManyRequests(Exception):
    """The principal has asked too often. After `seconds` there is room for one more operation."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many requests")
        self.seconds = seconds


class RequestRates:
    """A bucket of tokens for each principal: `per_second` flow in, and at most `burst` are kept.

    Of more principals than it remembers, those that were silent longest begin anew.
    """

    def __init__(self, per_second: float, burst: float, now: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._burst = max(1.0, burst)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, name: str) -> None:
        """Whether a principal may ask for one more operation, without counting it. Raises TooManyRequests."""
        tokens = self._left(name, self._now())
        if tokens < 1:
            raise TooManyRequests((1 - tokens) / self._per_second)

    def take(self, name: str) -> None:
        """Count one operation of a principal. Raises TooManyRequests."""
        now = self._now()
        tokens = self._left(name, now)
        taken = tokens >= 1
        self._buckets[name] = (tokens - taken, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST_PRINCIPALS:
            self._buckets.popitem(last=False)
        if not taken:
            raise TooManyRequests((1 - tokens) / self._per_second)

    def _left(self, name: str, now: float) -> float:
        tokens, since = self._buckets.get(name, (self._burst, now))
        return min(self._burst, tokens + (now - since) * self._per_second)
