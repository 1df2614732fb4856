"""The total deadline of one read: whatever happens inside, the caller has an answer or an error by then."""

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
