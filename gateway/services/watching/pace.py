"""Pace: how often one watched thing is looked at, and at which moments.

After a change the next look comes soon; each look that finds none doubles the interval, up to the slowest. So a change
is found about as long after it as all had been still before it, within the two bounds.

The moments are places on the wall clock, shifted for each thing by what its key comes to: processes that watch the same
thing look at the same moments, where one asks the vendor and the others take its answer, and different things are
spread. The moments of a doubled interval are among those of the interval.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from zlib import crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPace:
    """`fastest` and `slowest` are the intervals between looks, in seconds. `share_of_budget` of each backend's calls a
    second is what all its watches together spend at most. `most_executions` is how many a watched task may have.
    """

    fastest: float = 1.0
    slowest: float = 30.0
    share_of_budget: float = 0.5
    most_executions: int = 50_000


class Rhythm:
    """The intervals of one watched thing. `clock` gives seconds that agree between machines."""

    def __init__(self, pace: WatchPace, key: str, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._shift = crc32(key.encode()) / 2**32 * pace.slowest
        self.interval = pace.fastest
        self._since = clock()

    def quicken(self) -> None:
        """It moves, or is about to."""
        self.interval = self._pace.fastest
        self._since = self._clock()

    def slacken(self, *, settled: bool = False) -> None:
        """Nothing has changed, or nothing could be seen; nothing much will, where it has `settled`.

        Looks that come early, because somebody asked for them, tell too little.
        """
        now = self._clock()
        if settled:
            self.interval = self._pace.slowest
        elif now - self._since >= self.interval / 2:
            self.interval = min(2 * self.interval, self._pace.slowest)
            self._since = now

    def pause(self) -> float:
        """Seconds until the next moment, which is between half an interval and one and a half from now."""
        now = self._clock()
        half = self.interval / 2
        return (ceil((now + half - self._shift) / self.interval)) * self.interval + self._shift - now
