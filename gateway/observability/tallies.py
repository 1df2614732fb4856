"""Tallies: what is counted on the hot path, at the price of an addition; and what is read off now and then.

A counter of prometheus_client takes a lock, and with several workers a file, for each step. A tally is a number of this
process, handed to its counter when somebody reads the metrics, and every second besides, so that other workers' readers
see it too.
"""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import inf
from typing import Final

from prometheus_client import Counter, Histogram

_EVERY_SECONDS: Final = 1.0


class TalliedHistogram(Histogram):
    """A histogram that is also told of many observations at once."""

    def take_in(self, counts: Sequence[int], total: float) -> None:
        """So many more in each bucket, and their sum. For one series, not for the whole of them."""
        for bucket, more in zip(self._buckets, counts, strict=True):
            if more:
                bucket.inc(more)
        self._sum.inc(total)


class Times:
    """Observes seconds for one series of a histogram, at the price of two additions."""

    __slots__ = ("_bounds", "_counts", "_series", "_total")

    def __init__(self, series: TalliedHistogram, bounds: Sequence[float]) -> None:
        self._series = series
        self._bounds = (*bounds, inf)
        self._counts = [0] * len(self._bounds)
        self._total = 0.0

    def add(self, seconds: float) -> None:
        """Something took so long."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._total += seconds

    def hand_over(self) -> None:
        """Let the histogram know what was observed since the last time."""
        if any(self._counts):
            counts, total = self._counts, self._total
            self._counts, self._total = [0] * len(counts), 0.0
            self._series.take_in(counts, total)


class Tally:
    """Counts one series of a counter: `tally.count += 1`."""

    __slots__ = ("_handed", "_series", "count")

    def __init__(self, series: Counter) -> None:
        self._series = series
        self._handed = 0
        self.count = 0

    def hand_over(self) -> None:
        """Let the counter know what was counted since the last time."""
        if self.count != self._handed:
            more, self._handed = self.count - self._handed, self.count
            self._series.inc(more)


_tallies: dict[tuple[Counter, tuple[str, ...]], Tally] = {}
_times: dict[tuple[TalliedHistogram, tuple[str, ...]], Times] = {}
_readings: list[Callable[[], None]] = []


def tally(counter: Counter, *labels: str) -> Tally:
    """The tally of a series; the same for all who ask."""
    found = _tallies.get((counter, labels))
    if found is None:
        found = _tallies[counter, labels] = Tally(counter.labels(*labels))
    return found


def times(histogram: TalliedHistogram, bounds: Sequence[float], *labels: str) -> Times:
    """The times of a series; the same for all who ask. `bounds` are the histogram's buckets."""
    found = _times.get((histogram, labels))
    if found is None:
        found = _times[histogram, labels] = Times(histogram.labels(*labels), bounds)
    return found


def read_off() -> None:
    """Bring every metric up to date."""
    for tallied in tuple(_tallies.values()):
        tallied.hand_over()
    for timed in tuple(_times.values()):
        timed.hand_over()
    for reading in tuple(_readings):
        reading()


@contextmanager
def reading(take: Callable[[], None]) -> Iterator[None]:
    """While the block runs, `take` is called whenever metrics are brought up to date."""
    _readings.append(take)
    try:
        yield
    finally:
        take()
        _readings.remove(take)


@asynccontextmanager
async def kept_up_to_date() -> AsyncIterator[None]:
    """While the block runs, and at its end, what is counted and read off here shows for readers elsewhere."""

    async def go_on() -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            read_off()

    going = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        read_off()
