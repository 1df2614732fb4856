"""The desk: what every change goes through, in this order.

1. Rules that need nobody: the input's, the vendor's capability, read_only.
2. The ledger: the idempotency key is claimed and the intent written. Without a ledger nothing is changed.
3. The change itself, which reads, checks and calls the vendor. It runs to its end even when the caller goes away.
   A deletion waits for another one of the same key: had both looked before either called, the later call could reach
   what was reborn in between.
4. The ledger again: outcome, errors, request ids, tombstones, in one transaction.

A refusal is an answer, never an exception.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.audit import Intent
from gateway.domain.errors import Conflict, ErrorCode, GatewayError
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Replay
from gateway.services.asking import unsupported
from gateway.services.caller import Caller
from gateway.services.denials import denied
from gateway.services.inputs import Change
from gateway.services.mutations.one_at_a_time import OneAtATime
from gateway.services.seen_backends import SeenBackends


@dataclass(slots=True)
class Record:
    """What a change leaves for the ledger while it runs. `left` is the object as it was read after the call."""

    ledger: Ledger
    entry_id: str
    after: dict[str, Any] | None = None
    left: object | None = None
    request_ids: list[str] = field(default_factory=list)
    tombstones: list[ObjectId] = field(default_factory=list)

    async def note_before(self, before: dict[str, Any] | None) -> None:
        """Write down what stands there, before the vendor is called: after a crash it is what to compare with."""
        await self.ledger.note_before(self.entry_id, before or {})


Work = Callable[[Record], Awaitable[MutationResult]]


class Desk:
    """Takes changes in."""

    def __init__(self, registry: BackendRegistry, backends: SeenBackends, ledger: Ledger) -> None:
        self.backends = backends
        self.ledger = ledger
        self._deleting = OneAtATime(registry)
        self._running: set[asyncio.Task[MutationResult]] = set()

    async def take(
        self,
        caller: Caller,
        operation: Operation,
        stack: BackendStack,
        targets: Sequence[str],
        change: Change,
        work: Work,
        *,
        deleting: ObjectId | None = None,
    ) -> MutationResult:
        """Carry a change out to its end, whatever becomes of the caller. Never raises a GatewayError.

        `deleting` is the key of what a deletion is about.
        """
        running = asyncio.create_task(self._carry_out(caller, operation, stack, targets, change, work, deleting))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return await asyncio.shield(running)

    async def finish(self) -> None:
        """Wait for the changes under way."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _carry_out(
        self,
        caller: Caller,
        operation: Operation,
        stack: BackendStack,
        targets: Sequence[str],
        change: Change,
        work: Work,
        deleting: ObjectId | None,
    ) -> MutationResult:
        intent = Intent(
            actor=caller.actor,
            operation=operation,
            backend=stack.name,
            targets=targets,
            reason=change.reason,
            # A dry run promises nothing, so it must not take the key from the run that follows it.
            idempotency_key=None if change.dry_run else change.idempotency_key,
            input_digest=_digest(operation, change),
        )
        try:
            started = await self.ledger.begin(intent)
        except GatewayError as error:
            return refused(error)
        if isinstance(started, Replay):
            return started.result
        async with self._deleting.at(deleting):
            return await self._worked(caller, Record(self.ledger, started.entry_id), operation, stack, work)

    async def _worked(
        self, caller: Caller, record: Record, operation: Operation, stack: BackendStack, work: Work
    ) -> MutationResult:
        try:
            check_allowed(caller, stack, operation)
            result = await work(record)
        except GatewayError as error:
            result = refused(error)
        result.audit_entry_id = record.entry_id
        try:
            await self.ledger.close(
                record.entry_id,
                result,
                after=record.after,
                vendor_request_ids=record.request_ids,
                tombstones=record.tombstones,
            )
        except GatewayError as error:
            # The change is made and the entry stays open: it is closed from what the vendor shows at the next start.
            result.errors.append(error)
        return result


def check_allowed(caller: Caller, stack: BackendStack, operation: Operation) -> None:
    """Raise UnsupportedByVendor, PermissionDenied or Conflict(READ_ONLY) for what no call should be made for."""
    if not stack.backend.supports(operation):
        raise unsupported(stack, operation)
    if not caller.principal.rights.may(operation, stack.name):
        raise denied(caller, operation, stack.name)
    if stack.backend.read_only:
        raise Conflict(
            f"Backend {stack.name} is configured read_only: nothing is changed there.",
            code=ErrorCode.READ_ONLY,
            backend=stack.name,
        )


def refused(*errors: GatewayError) -> MutationResult:
    """Nothing was done, and why."""
    return MutationResult(outcome=MutationOutcome.REFUSED, errors=list(errors))


@asynccontextmanager
async def answering(stack: BackendStack, shown_in: Kind = Kind.TASK) -> AsyncIterator[None]:
    """Around vendor calls that change something shown in these lists: caches forget, and errors know their backend."""
    async with stack.changing(shown_in):
        try:
            yield
        except GatewayError as error:
            error.backend = error.backend or stack.name
            raise


def _digest(operation: Operation, change: Change) -> str:
    members = {name: value for name, value in asdict(change).items() if name != "idempotency_key"}
    return sha256(msgspec.json.encode([operation.value, members], order="deterministic")).hexdigest()
