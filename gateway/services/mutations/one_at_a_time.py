"""One deletion at a time at a key, so that a repeat which comes early meets the tombstone and not the vendor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from gateway.domain.ids import Kind, ObjectId


class OneAtATime:
    """Queues per key, whatever the generation. They reach as far as this process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[Kind, str, tuple[str, ...]], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def at(self, ref: ObjectId | None) -> AsyncIterator[None]:
        """Wait until nobody else is at this key, and hold it. None holds nothing."""
        if ref is None:
            yield
            return
        # A lock lives as long as somebody holds it or waits for it.
        lock = self._locks.setdefault((ref.kind, ref.backend, ref.key), asyncio.Lock())
        async with lock:
            yield
