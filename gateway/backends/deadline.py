"""Deadlines: whatever happens inside, the caller has an answer or an error by then.

The deadline belongs to the context, so that what waits inside, for the next attempt or for the call budget, knows how
much time is left and does not wait in vain.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TypeVar

from gateway.backends.rate_limit import OverBudget
from gateway.domain.errors import TimedOut

Answer = TypeVar("Answer")


class Deadline:
    """A moment of the running loop's clock, `seconds` from now."""

    __slots__ = ("_loop", "_waited_until", "ends", "seconds")

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.seconds = seconds
        self.ends = self._loop.time() + seconds
        self._waited_until = 0.0

    @property
    def left(self) -> float:
        """How many seconds there are yet."""
        return self.ends - self._loop.time()

    def waited(self) -> None:
        """A wait of ours, for the budget or a slot, ends now; the vendor had no part in it."""
        self._waited_until = self._loop.time()

    @property
    def held_up(self) -> bool:
        """Whether the better part of the time went by in waits of ours."""
        return self._waited_until > self.ends - self.seconds / 2


_present: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
present_deadline = _present.get


@contextmanager
def ending_in(seconds: float) -> Iterator[Deadline]:
    """Have the block know that it ends then, or by an earlier deadline around it. It is not ended here."""
    outer = _present.get()
    deadline = Deadline(seconds if outer is None else min(seconds, outer.left))
    token = _present.set(deadline)
    try:
        yield deadline
    finally:
        _present.reset(token)


async def within(limit: timedelta, call: Callable[[], Awaitable[Answer]], *, backend: str) -> Answer:
    """Await `call` for at most `limit`. Raises TimedOut, or OverBudget where the time went by waiting for our turn."""
    seconds = limit.total_seconds()
    with ending_in(seconds) as deadline:
        try:
            async with asyncio.timeout(seconds):
                return await call()
        except TimeoutError:
            if deadline.held_up:
                raise OverBudget(
                    f"Backend {backend} was not asked in time: the calls before this one took up its budget. Ask "
                    "again, or raise its `calls_per_second` or `timeout`.",
                    backend=backend,
                ) from None
            raise TimedOut(
                f"Backend {backend} did not answer within {seconds:g} s. Try again, or raise its `timeout`.",
                backend=backend,
            ) from None


async def ended_within(seconds: float, task: "asyncio.Task[Answer]") -> bool:
    """Wait for a task that others share: whether it has ended by then. It goes on, also when the waiter is cancelled.

    What asyncio.wait would do, for one task and for less than half the time: lists wait so for every backend.
    """
    if task.done():
        return True
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def release(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = loop.call_later(seconds, release)
    task.add_done_callback(release)
    try:
        await waiter
    finally:
        timer.cancel()
        task.remove_done_callback(release)
    return task.done()
