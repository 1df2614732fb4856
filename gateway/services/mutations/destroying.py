"""Deleting one object: describe, compare, refuse or call, and find out what became of a call whose answer was lost."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic

from gateway.backends.stack import BackendStack
from gateway.domain.changes import Receipt
from gateway.domain.errors import (
    BackendUnavailable,
    GatewayError,
    GenerationChanged,
    InvalidState,
    NotFound,
    OutcomeUnknown,
    Throttled,
    VendorRejected,
)
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview
from gateway.domain.statuses import TaskStatus
from gateway.services.inputs import Change
from gateway.services.mutations.desk import answering, refused
from gateway.services.mutations.identity import Subject, as_given, check_identity, is_another
from gateway.services.mutations.plain import plain
from gateway.services.mutations.record import Record

_ATTEMPTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion(Generic[Subject]):
    """One object to be deleted. `target` is its name as the caller gave it; `look` reads it past every cache."""

    operation: Operation
    target: str
    asked: ObjectId
    force: bool
    expected_fingerprint: str | None
    look: Callable[[], Awaitable[Subject | None]]
    delete: Callable[[Subject], Awaitable[Receipt]]
    hindrance: Callable[[Subject], Awaitable[GatewayError | None]] | None = None


async def delete_one(
    stack: BackendStack, deletion: Deletion[Subject], change: Change, record: Record
) -> MutationResult:
    """Delete exactly the object that was named, or say why not."""
    tombstone = await record.ledger.tombstone(deletion.asked)
    if tombstone is not None:
        return MutationResult(outcome=MutationOutcome.ALREADY_DELETED, deleted_id=str(tombstone.ref))
    try:
        found = check_identity(
            await deletion.look(),
            deletion.asked,
            target=deletion.target,
            expected_fingerprint=deletion.expected_fingerprint,
        )
    except GatewayError as error:
        return refused(as_given(error, deletion.target))
    await record.note_before(plain(found))
    problem = stack.adapter.refusal(deletion.operation, found, force=deletion.force)
    if problem is None and deletion.hindrance is not None:
        problem = await deletion.hindrance(found)
    if problem is not None:
        as_given(problem, deletion.target)
        problem.backend = problem.backend or stack.name
    if change.dry_run:
        return _previewed(stack, deletion, found, problem)
    if problem is not None:
        return refused(problem)
    shown_in = Kind.PACKAGE if deletion.operation is Operation.DELETE_PACKAGE else Kind.TASK
    async with answering(stack, shown_in):
        outcome, errors, left = await _delete_and_look(deletion, found, record)
    record.after = plain(left)
    record.left = left
    gone = outcome in (MutationOutcome.DONE, MutationOutcome.REQUESTED) or any(
        isinstance(one, GenerationChanged) for one in errors
    )
    if gone:
        record.tombstones.append(found.ref)
    for one in errors:
        as_given(one, deletion.target)
    succeeded = outcome in (MutationOutcome.DONE, MutationOutcome.REQUESTED)
    return MutationResult(outcome=outcome, deleted_id=found.id if succeeded else None, errors=errors)


def _previewed(
    stack: BackendStack, deletion: Deletion[Subject], found: Subject, problem: GatewayError | None
) -> MutationResult:
    effects = stack.adapter.side_effects(deletion.operation, found, force=deletion.force)
    preview = Preview(
        affected=[] if problem else [found.id], would_refuse=[problem] if problem else [], side_effects=effects
    )
    return MutationResult(outcome=MutationOutcome.PREVIEWED, preview=preview)


async def _delete_and_look(
    deletion: Deletion[Subject], found: Subject, record: Record
) -> tuple[MutationOutcome, list[GatewayError], Subject | None]:
    """Call, at most twice; the second time only after a look has shown the same object still standing."""
    lost: OutcomeUnknown | None = None
    for _ in range(_ATTEMPTS):
        try:
            await record.note_call({deletion.target: [found]})
            receipt = await deletion.delete(found)
            record.request_ids.extend(receipt.request_ids)
            return await _look_after(deletion, found)
        except OutcomeUnknown as error:
            lost = error
            record.answered(error.request_id)
        except NotFound as error:
            # Gone between the look and the call; when our own first call was lost, it was that which did it.
            if lost is not None:
                return MutationOutcome.DONE, [], None
            return MutationOutcome.REFUSED, [error], None
        except (InvalidState, Throttled, BackendUnavailable) as error:
            return (MutationOutcome.REFUSED if lost is None else MutationOutcome.UNKNOWN), _both(error, lost), found
        except VendorRejected as error:
            record.answered(error.request_id)
            return (MutationOutcome.FAILED if lost is None else MutationOutcome.UNKNOWN), _both(error, lost), found
        except GatewayError as error:
            return MutationOutcome.FAILED, _both(error, lost), found
        verdict = await _after_lost_answer(deletion, found, lost)
        if verdict is not None:
            return verdict
    return MutationOutcome.UNKNOWN, [lost] if lost else [], found


async def _after_lost_answer(
    deletion: Deletion[Subject], found: Subject, lost: OutcomeUnknown
) -> tuple[MutationOutcome, list[GatewayError], Subject | None] | None:
    """What a look shows after a lost answer; None when the same object still stands and may be tried once more."""
    try:
        left = await deletion.look()
    except GatewayError as error:
        return MutationOutcome.UNKNOWN, [lost, error], found
    if left is None:
        return MutationOutcome.DONE, [], None
    if is_another(found, left):
        changed = GenerationChanged(
            "The answer to the delete was lost, and another object stands under this key now. Nothing more was sent.",
            expected=found.id,
            found=left.id,
            backend=found.backend.name,
        )
        return MutationOutcome.UNKNOWN, [changed], left
    if left.status in (TaskStatus.DELETING, TaskStatus.DELETED):
        return MutationOutcome.REQUESTED, [], left
    return None


async def _look_after(
    deletion: Deletion[Subject], found: Subject
) -> tuple[MutationOutcome, list[GatewayError], Subject | None]:
    """DONE when the vendor no longer shows it; REQUESTED while it does, or cannot be asked."""
    try:
        left = await deletion.look()
    except GatewayError:
        return MutationOutcome.REQUESTED, [], found
    if left is None or is_another(found, left):
        return MutationOutcome.DONE, [], left
    return MutationOutcome.REQUESTED, [], left


def _both(error: GatewayError, lost: OutcomeUnknown | None) -> list[GatewayError]:
    return [error] if lost is None else [lost, error]
