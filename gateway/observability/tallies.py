"""Tallies: what is counted on the hot path, at the price of an addition; and what is read off now and then.

A counter of prometheus_client takes a lock, and with several workers a file, for each step. A tally is a number of this
process, handed to its counter when somebody reads the metrics, and every second besides, so that other workers' readers
see it too.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from prometheus_client import Counter

_EVERY_SECONDS: Final = 1.0


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
_readings: list[Callable[[], None]] = []


def tally(counter: Counter, *labels: str) -> Tally:
    """The tally of a series; the same for all who ask."""
    found = _tallies.get((counter, labels))
    if found is None:
        found = _tallies[counter, labels] = Tally(counter.labels(*labels))
    return found


def read_off() -> None:
    """Bring every metric up to date."""
    for one in tuple(_tallies.values()):
        one.hand_over()
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
