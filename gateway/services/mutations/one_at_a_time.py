"""One deletion at a time at a key, so that a repeat which comes early meets the tombstone and not the vendor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from gateway.backends.registry import BackendRegistry
from gateway.domain.ids import Kind, ObjectId


class OneAtATime:
    """Queues per key, whatever the generation. They reach as far as what the backend shares: see `cache.url`."""

    def __init__(self, registry: BackendRegistry) -> None:
        self._registry = registry
        self._locks: WeakValueDictionary[tuple[Kind, str, tuple[str, ...]], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def at(self, ref: ObjectId | None) -> AsyncIterator[None]:
        """Wait until nobody else is at this key, and hold it. None holds nothing."""
        if ref is None:
            yield
            return
        # A lock lives as long as somebody holds it or waits for it.
        lock = self._locks.setdefault((ref.kind, ref.backend, ref.key), asyncio.Lock())
        stack = self._registry.find(ref.backend)
        async with lock:
            if stack is None or stack.shared is None:
                yield
                return
            async with stack.shared.alone_at(ref):
                yield
