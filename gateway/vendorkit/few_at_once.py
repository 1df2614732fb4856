"""few_at_once: many small reads of one vendor, a few of them under way at any moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")


async def few_at_once(read: Callable[[Key], Awaitable[Found]], keys: Sequence[Key], *, limit: int) -> list[Found]:
    """What `read` answers for each key, in order. The first failure is raised and ends the reads under way."""
    places = asyncio.Semaphore(limit)

    async def one(key: Key) -> Found:
        async with places:
            return await read(key)

    reads = [asyncio.ensure_future(one(key)) for key in keys]
    try:
        return await asyncio.gather(*reads)
    finally:
        for pending in reads:
            pending.cancel()
