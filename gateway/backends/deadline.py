"""Deadlines: whatever happens inside, the caller has an answer or an error by then."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from gateway.domain.errors import TimedOut

Answer = TypeVar("Answer")


async def within(limit: timedelta, call: Callable[[], Awaitable[Answer]], *, backend: str) -> Answer:
    """Await `call` for at most `limit`. Raises TimedOut."""
    seconds = limit.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return await call()
    except TimeoutError:
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
