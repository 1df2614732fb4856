"""Denials: what somebody asked for without the right to it, written to the log at once and to the audit soon after.

Whoever is denied does not wait for the ledger, so that the answer tells nothing by its delay; and a ledger that is away
denies nobody less. One entry for each operation and backend in a request is enough.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.domain.audit import Intent
from gateway.domain.errors import GatewayError, PermissionDenied
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started
from gateway.services.caller import Caller

_MOST_WAITING: Final = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Denial:
    intent: Intent
    error: GatewayError


def denied(caller: Caller, operation: Operation, backend: str) -> PermissionDenied:
    """The error for what was denied, which the log is told of. Whoever raises it sees to the audit."""
    _log.warning("denied", actor=caller.actor, operation=operation.value, on=backend)
    return _error(operation, backend)


def _error(operation: Operation, backend: str) -> PermissionDenied:
    return PermissionDenied(
        f"You have no right to this ({operation.value}) in backend {backend}. Whoever runs this gateway can give it.",
        backend=backend,
    )


class Denials:
    """Writes them down, one after another."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: asyncio.Queue[_Denial] = asyncio.Queue(_MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None

    def tell(self, caller: Caller, operation: Operation, backend: str, targets: Sequence[str] = ()) -> PermissionDenied:
        """Note that this was denied; gives the error that says so."""
        if (operation, backend) in caller.denied:
            return _error(operation, backend)
        caller.denied.add((operation, backend))
        error = denied(caller, operation, backend)
        intent = Intent(actor=caller.actor, operation=operation, backend=backend, targets=targets)
        try:
            self._waiting.put_nowait(_Denial(intent, error))
        except asyncio.QueueFull:
            _log.error("denial_not_audited", reason="too many wait to be written")
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return error

    async def _write(self) -> None:
        while not self._waiting.empty():
            denial = self._waiting.get_nowait()
            try:
                started = await self._ledger.begin(denial.intent)
                if isinstance(started, Started):
                    result = MutationResult(outcome=MutationOutcome.REFUSED, errors=[denial.error])
                    await self._ledger.close(started.entry_id, result)
            except GatewayError as problem:
                _log.error("denial_not_audited", reason=problem.message)

    async def aclose(self) -> None:
        """Write what still waits."""
        if self._writing is not None:
            await self._writing
