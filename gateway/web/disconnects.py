"""What goes on when its client has gone: reads end with the connection, operations that change something never do.

The server cancels the work of a connection that is lost. A read that nobody else waits for is thereby taken back from
the vendor. An operation that may change something is carried to its end all the same, with every change it names.
"""

import asyncio
import re
from collections.abc import Awaitable
from typing import TypeVar

import structlog

Result = TypeVar("Result")

_MUTATION = re.compile(r"\bmutation\b")

_log = structlog.get_logger(__name__)


def only_reads(document: str) -> bool:
    """Whether a document can change nothing. One that merely holds the word is taken for one that can."""
    return bool(document) and ("mutation" not in document or _MUTATION.search(document) is None)


class ToTheirEnd:
    """Work that is not cancelled with those who wait for it."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()

    async def run(self, work: Awaitable[Result]) -> Result:
        """Do the work, whatever becomes of the caller."""
        task = asyncio.create_task(_as_coroutine(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def finish(self, within: float) -> None:
        """Wait for the work under way, then cancel what takes longer than these seconds."""
        if not self._running:
            return
        _log.info("finishing_operations", operations=len(self._running), within_seconds=round(within, 1))
        _, late = await asyncio.wait(set(self._running), timeout=within)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1)


async def _as_coroutine(work: Awaitable[Result]) -> Result:
    return await work
