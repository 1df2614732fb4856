"""Ending: what a process that runs until it is told otherwise is told by signals."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

# One wish to end may come by several ways at once: from a terminal, from a supervisor, to a whole group of processes.
_ONE_WISH_SECONDS = 1.0


class Ending:
    """Whether the process was told to end, and whether it was told once more because that took too long."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._again = asyncio.Event()
        self._first = 0.0

    def tell(self) -> None:
        """The process is to end. Said a second time, a second later or more: at once."""
        if not self._told.is_set():
            self._first = monotonic()
            self._told.set()
        elif monotonic() - self._first >= _ONE_WISH_SECONDS:
            self._again.set()

    async def wait(self) -> None:
        """Until the process was told to end."""
        await self._told.wait()

    async def wait_for_the_second(self) -> None:
        """Until it was told a second time."""
        await self._again.wait()


@contextmanager
def told_to_end() -> Iterator[Ending]:
    """What SIGINT and SIGTERM tell while the block runs. To end so is no failure."""
    loop = asyncio.get_running_loop()
    ending = Ending()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, ending.tell)
    try:
        yield ending
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
