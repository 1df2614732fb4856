"""Closings: the last word on each change, written to the ledger at once, or as soon as the ledger is back.

What the vendor answered is known here first-hand. Should the process end before it could be written, the entry stays
open and is closed by what the vendor shows.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

import structlog

from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.outcomes import MutationResult
from gateway.ledger import Ledger
from gateway.services.mutations.record import Record

_PAUSE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Closing:
    record: Record
    result: MutationResult


class Closings:
    """Closes entries, in the order in which their changes ended while the ledger is away."""

    def __init__(self, ledger: Ledger, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._ledger = ledger
        self._pause = pause_seconds
        self._late: deque[_Closing] = deque()
        self._retrying: asyncio.Task[None] | None = None

    async def close(self, record: Record, result: MutationResult) -> GatewayError | None:
        """Close an entry; an error when that has to wait for the ledger."""
        # As it stands: the answer that goes to the caller gets the error of the ledger beside it.
        closing = _Closing(record, result)
        try:
            await self._write(closing)
        except GatewayError as error:
            self._late.append(closing)
            _log.error("closing_waits", entry=record.entry_id, outcome=result.outcome.value, reason=error.message)
            if self._retrying is None or self._retrying.done():
                self._retrying = asyncio.create_task(self._retry())
            return error
        return None

    async def aclose(self) -> None:
        """Try once more what waits."""
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.gather(self._retrying, return_exceptions=True)
        try:
            await self._write_late()
        except GatewayError as error:
            left = [closing.record.entry_id for closing in self._late]
            _log.error("closings_left", entries=left, reason=error.message)

    async def _retry(self) -> None:
        while self._late:
            await asyncio.sleep(self._pause)
            try:
                await self._write_late()
            except GatewayError:
                continue

    async def _write_late(self) -> None:
        while self._late:
            closing = self._late[0]
            try:
                await self._write(closing)
            except NotFound:
                _log.error("closing_lost", entry=closing.record.entry_id)
            self._late.popleft()

    async def _write(self, closing: _Closing) -> None:
        record = closing.record
        await self._ledger.close(
            record.entry_id,
            closing.result,
            after=record.after,
            vendor_request_ids=record.request_ids,
            tombstones=record.tombstones,
        )
