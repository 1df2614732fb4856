"""One change of an object at a time, so that between a look and a call no other change of ours comes.

Had two looked before either called, the later call could reach what was reborn in between; and a deletion that is
repeated early meets the tombstone, not the vendor.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import uniform
from time import monotonic
from weakref import WeakValueDictionary

from gateway.domain.errors import Conflict, ErrorCode
from gateway.domain.ids import Kind, ObjectId
from gateway.ledger import Ledger

_LOOKED_EVERY = (0.02, 0.06)
_LONGEST_WAIT_SECONDS = 15.0


class OneAtATime:
    """Queues per key, whatever the generation: in memory here, by the ledger's turns over all processes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._locks: WeakValueDictionary[tuple[Kind, str, tuple[str, ...]], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def at(self, objects: Sequence[ObjectId], entry_id: str) -> AsyncIterator[None]:
        """Wait until nobody else is at these keys, then have them until the audit entry is closed.

        Raises Conflict, retryable, when that takes longer than 15 s: a change that is not over, or one whose process
        died and whose outcome is not known yet.
        """
        async with AsyncExitStack() as held:
            # In one order everywhere, so that no two wait for each other.
            for key in sorted({(one.kind, one.backend, one.key) for one in objects}):
                # A lock lives as long as somebody holds it or waits for it.
                await held.enter_async_context(self._locks.setdefault(key, asyncio.Lock()))
            if objects:
                await self._take_turns(objects, entry_id)
            yield

    async def _take_turns(self, objects: Sequence[ObjectId], entry_id: str) -> None:
        end = monotonic() + _LONGEST_WAIT_SECONDS
        while (other := await self._ledger.take_turns(entry_id, objects)) is not None:
            if monotonic() > end:
                raise Conflict(
                    f"Another change of it is not over yet; audit entry {other} tells which. Nothing was sent. Repeat "
                    "it in a few seconds.",
                    code=ErrorCode.VERSION_CONFLICT,
                    retryable=True,
                    backend=objects[0].backend,
                )
            await asyncio.sleep(uniform(*_LOOKED_EVERY))  # noqa: S311 - to not meet again
