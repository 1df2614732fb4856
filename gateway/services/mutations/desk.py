"""The desk: what every change goes through, in this order.

1. Rules that need nobody: the input's, the vendor's capability, read_only.
2. The ledger: the idempotency key is claimed and the intent written. Without a ledger nothing is changed.
3. The change itself, which reads, checks and calls the vendor. It runs to its end even when the caller goes away.
   It waits for every other change of the same object, in whichever process: see one_at_a_time.py.
   Right before each call that changes something, the ledger is told of it (record.py).
4. The ledger again: outcome, errors, request ids, tombstones, in one transaction; as soon as it is back if it is away.

A refusal is an answer, never an exception. What a process leaves open when it ends is closed by recovery.py.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from secrets import token_hex
from time import monotonic

import msgspec
import structlog

from gateway.backends.priority import Priority, asking_as
from gateway.backends.stack import BackendStack
from gateway.domain.audit import Intent
from gateway.domain.errors import BackendUnavailable, Conflict, ErrorCode, GatewayError, OutcomeUnknown
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Replay
from gateway.services.asking import unsupported
from gateway.services.caller import Caller
from gateway.services.denials import denied
from gateway.services.inputs import Change
from gateway.services.mutations.closings import Closings
from gateway.services.mutations.one_at_a_time import OneAtATime
from gateway.services.mutations.record import Record
from gateway.services.mutations.telling import tell
from gateway.services.seen_backends import SeenBackends

_log = structlog.get_logger(__name__)


Work = Callable[[Record], Awaitable[MutationResult]]


class Desk:
    """Takes changes in."""

    def __init__(self, backends: SeenBackends, ledger: Ledger) -> None:
        self.backends = backends
        self.ledger = ledger
        self._closings = Closings(ledger)
        self._turns = OneAtATime(ledger)
        # Each with its audit entry, once there is one.
        self._running: dict[asyncio.Task[MutationResult], str | None] = {}

    async def take(
        self,
        caller: Caller,
        operation: Operation,
        stack: BackendStack,
        targets: Sequence[str],
        change: Change,
        work: Work,
        *,
        about: Sequence[ObjectId] = (),
    ) -> MutationResult:
        """Carry a change out to its end, whatever becomes of the caller. Never raises a GatewayError.

        `about` are the keys of what is to be changed, as far as they are known before anything is read.
        """
        running = asyncio.create_task(self._carry_out(caller, operation, stack, targets, change, work, about))
        self._running[running] = None
        running.add_done_callback(self._running.pop)
        return await asyncio.shield(running)

    async def finish(self, within: float | None = None) -> None:
        """Wait for the changes under way. What takes longer than `within` seconds is given up: its entry stays open."""
        if self._running:
            await self._waited_for(within)
        await self._closings.aclose()

    async def _waited_for(self, within: float | None) -> None:
        _, late = await asyncio.wait(set(self._running), timeout=within)
        if late:
            _log.error("changes_left_open", entries=[self._running.get(task) for task in late])
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=1)

    async def _carry_out(
        self,
        caller: Caller,
        operation: Operation,
        stack: BackendStack,
        targets: Sequence[str],
        change: Change,
        work: Work,
        about: Sequence[ObjectId],
    ) -> MutationResult:
        # A dry run promises nothing, so it must not take the key from the run that follows it. And a key is no way to
        # what was answered while there was a right to it.
        keyed = not change.dry_run and caller.principal.rights.may(operation, stack.name)
        intent = Intent(
            actor=caller.actor,
            operation=operation,
            backend=stack.name,
            targets=targets,
            reason=change.reason,
            idempotency_key=change.idempotency_key if keyed else None,
            input_digest=_digest(operation, change),
        )
        since = monotonic()
        try:
            started = await self.ledger.begin(intent)
        except GatewayError as error:
            result = refused(error)
            tell(intent, result, monotonic() - since)
            return result
        if isinstance(started, Replay):
            tell(intent, started.result, monotonic() - since, replayed=True)
            return started.result
        self._entered(started.entry_id)
        record = Record(self.ledger, started.entry_id)
        # A dry run changes nothing and waits for nobody.
        result = await self._worked(caller, record, operation, stack, work, () if change.dry_run else about)
        tell(intent, result, monotonic() - since, request_ids=record.request_ids)
        return result

    def _entered(self, entry_id: str) -> None:
        task = asyncio.current_task()
        if task in self._running:
            self._running[task] = entry_id

    async def _worked(
        self,
        caller: Caller,
        record: Record,
        operation: Operation,
        stack: BackendStack,
        work: Work,
        about: Sequence[ObjectId],
    ) -> MutationResult:
        try:
            check_allowed(caller, stack, operation)
            async with self._turns.at(about, record.entry_id):
                with asking_as(Priority.MUTATION):
                    result = await work(record)
        except GatewayError as error:
            result = refused(error)
        except Exception as odd:  # noqa: BLE001 - whatever it is, the entry must not stay open, nor a call be denied
            result = _unexpected(record, stack, odd)
        result.audit_entry_id = record.entry_id
        waiting = await self._closings.close(record, result)
        if waiting is None or any(error.code is waiting.code for error in result.errors):
            return result
        return replace(result, errors=[*result.errors, waiting])


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


def _unexpected(record: Record, stack: BackendStack, odd: Exception) -> MutationResult:
    """A fault of our own: UNKNOWN once a call may have been sent. The log has its traceback under an id."""
    fault_id = token_hex(8)
    _log.error("change_failed", id=fault_id, entry=record.entry_id, on=stack.name, exc_info=odd)
    where = f"Something unexpected happened here; the log has it under {fault_id}."
    if record.calls == 0:
        return refused(BackendUnavailable(f"{where} Nothing was sent to the vendor.", backend=stack.name))
    lost = OutcomeUnknown(
        f"{where} The change had been sent, and may have been carried out: read the object before repeating anything.",
        backend=stack.name,
    )
    return MutationResult(outcome=MutationOutcome.UNKNOWN, errors=[lost])


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
