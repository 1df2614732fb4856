"""What became of a change whose process was killed, as far as the vendor shows it. Nothing that changes it is sent.

Each change's entry says what was about to be sent and what stood there before. An object that is gone, cancelled or as
it was asked for was changed; one that stands as it stood was not; all else stays UNKNOWN.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from gateway.backends.stack import BackendStack
from gateway.domain.audit import AuditEntry, NotedCall
from gateway.domain.errors import BackendUnavailable, GatewayError, OutcomeUnknown
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId, decode
from gateway.domain.operations import Operation, Support
from gateway.domain.outcomes import MutationOutcome, MutationResult, TargetResult
from gateway.domain.package import Package
from gateway.domain.statuses import ExecutionStatus, TaskStatus
from gateway.domain.task import Task
from gateway.services.mutations.identity import is_another
from gateway.services.mutations.plain import plain
from gateway.services.mutations.target_outcomes import Target, conclude_cancel, conclude_release, overall

_CLOCKS_APART = timedelta(seconds=10)
_DELETIONS = (Operation.DELETE_TASK, Operation.DELETE_PACKAGE, Operation.DELETE_EXECUTION)
_RELEASES = (Operation.CONFIRM_TASK, Operation.RETRY_TASK)


@dataclass(slots=True, kw_only=True)
class Finding:
    """What was found out about an entry. `left` is the object as it stands, `gone` what is deleted."""

    result: MutationResult
    after: dict[str, Any] | None = None
    left: Task | Package | Execution | None = None
    gone: ObjectId | None = None


@dataclass(frozen=True, slots=True)
class _Was:
    """One object as it was read before the call."""

    ref: ObjectId
    data: dict[str, Any] = field(hash=False)


def never_sent(entry: AuditEntry) -> Finding:
    """The finding where the process ended before anything was sent."""
    results = []
    if entry.operation is Operation.CANCEL_EXECUTION:
        results = [_target(name, MutationOutcome.REFUSED, _not_sent(entry)) for name in entry.targets]
    return Finding(result=MutationResult(outcome=MutationOutcome.REFUSED, results=results, errors=[_not_sent(entry)]))


def unknown(entry: AuditEntry, why: str) -> Finding:
    """The finding where it cannot be known."""
    return Finding(result=MutationResult(outcome=MutationOutcome.UNKNOWN, errors=[_lost(entry, why)]))


async def read_back(stack: BackendStack, entry: AuditEntry, calls: Sequence[NotedCall]) -> Finding:
    """Look at what the calls were for, and conclude. Raises GatewayError while the vendor cannot be asked."""
    if entry.operation is Operation.CREATE_TASK:
        return await _created(stack, entry, calls[-1])
    if not any(call.objects for call in calls):
        return unknown(entry, "An older gateway did not note what it was about to send.")
    if entry.operation is Operation.CANCEL_EXECUTION:
        return await _several(stack, entry, calls)
    was = _was(next(iter(calls[-1].objects.values()))[0])
    if entry.operation in _DELETIONS:
        return _deleted(entry, was, await _look(stack, was.ref))
    if entry.operation in _RELEASES and was.ref.kind is Kind.EXECUTION:
        return await _several(stack, entry, calls)
    task = await stack.look(lambda: stack.adapter.get_task(was.ref))
    if task is None:
        finding = unknown(entry, "The vendor no longer shows the task.")
    elif entry.operation is Operation.UPDATE_TASK:
        finding = _updated(entry, was, task, calls[-1].wanted)
    elif entry.operation is Operation.CANCEL_TASK:
        finding = _cancelled(stack, entry, was, task)
    else:
        finding = unknown(entry, "Whether every device was reached cannot be read from the task.")
    finding.left, finding.after = task, plain(task)
    return finding


async def _look(stack: BackendStack, ref: ObjectId) -> Task | Package | Execution | None:
    if ref.kind is Kind.TASK:
        return await stack.look(lambda: stack.adapter.get_task(ref))
    if ref.kind is Kind.PACKAGE:
        return await stack.look(lambda: stack.adapter.get_package(ref))
    (execution,) = await stack.look(lambda: stack.adapter.get_executions([ref]))
    return execution


def _deleted(entry: AuditEntry, was: _Was, left: Task | Package | Execution | None) -> Finding:
    finding = Finding(result=_not_done(entry), left=left, after=plain(left))
    if left is None or _stands_for_another(was, left):
        finding.result = MutationResult(outcome=MutationOutcome.DONE, deleted_id=str(was.ref))
        finding.gone = was.ref
    elif left.status in (TaskStatus.DELETING, TaskStatus.DELETED):
        finding.result = MutationResult(outcome=MutationOutcome.REQUESTED, deleted_id=str(was.ref))
        finding.gone = was.ref
    return finding


def _stands_for_another(was: _Was, left: Task | Package | Execution) -> bool:
    before = replace(left, ref=was.ref, fingerprint=was.data["fingerprint"])
    if isinstance(before, Execution):
        before = replace(before, status=ExecutionStatus(was.data["status"]))
    return is_another(before, left)


def _cancelled(stack: BackendStack, entry: AuditEntry, was: _Was, task: Task) -> Finding:
    if task.status is TaskStatus.CANCELED:
        return Finding(result=MutationResult(outcome=MutationOutcome.DONE, task=task))
    if task.status is TaskStatus.CANCELING:
        return Finding(result=MutationResult(outcome=MutationOutcome.REQUESTED, task=task))
    as_before = task.status.value == was.data["status"] and task.vendor_status == was.data["vendorStatus"]
    # Where only what waits is cancelled, a task goes on as before for the sake of the others.
    if as_before and stack.backend.capability(Operation.CANCEL_TASK).support is Support.NATIVE:
        return Finding(result=_not_done(entry))
    return unknown(entry, f"The task is {task.status.value} now.")


def _updated(entry: AuditEntry, was: _Was, task: Task, wanted: dict[str, Any]) -> Finding:
    description, before = wanted.get("description"), was.data["description"]
    # A vendor changes all members at once, so the one that shows tells of the other, which does not.
    if description is None or (description == before and wanted.get("task_configuration_id") is not None):
        return unknown(entry, "The vendor does not show a task's configuration in a form to compare.")
    if task.description == description:
        return Finding(result=MutationResult(outcome=MutationOutcome.DONE, task=task))
    if task.description == before:
        return Finding(result=_not_done(entry))
    return unknown(entry, "The task has another description by now.")


async def _created(stack: BackendStack, entry: AuditEntry, call: NotedCall) -> Finding:
    native_id = call.wanted.get("native_id")
    if native_id is None:
        return unknown(entry, "The vendor gives new tasks ids of its own, so this one cannot be looked up.")
    task = await stack.look(lambda: stack.adapter.get_task(stack.adapter.task_ref(native_id)))
    if task is None:
        return Finding(result=_not_done(entry))
    if task.created_at is None or task.created_at < call.at - _CLOCKS_APART:
        return unknown(entry, "A task of that name stands there, and it may be an older one.")
    return Finding(result=MutationResult(outcome=MutationOutcome.DONE, task=task), left=task, after=plain(task))


async def _several(stack: BackendStack, entry: AuditEntry, calls: Sequence[NotedCall]) -> Finding:
    """One conclusion for each target, as after a lost answer; but what stands as it stood was not reached."""
    sent = {name: [_was(one) for one in some] for call in calls for name, some in call.objects.items()}
    refs = list(dict.fromkeys(one.ref for some in sent.values() for one in some))
    answers = await stack.look(lambda: stack.adapter.get_executions(refs))
    found = dict(zip(refs, answers, strict=True))
    results = []
    for name in entry.targets:
        if name in sent:
            results.append(_concluded(entry, name, sent[name], [found[one.ref] for one in sent[name]]))
        else:
            results.append(_target(name, MutationOutcome.REFUSED, _not_sent(entry)))
    shown = [plain(execution) for execution in answers]
    return Finding(result=MutationResult(outcome=overall(results), results=results), after={"executions": shown})


def _concluded(entry: AuditEntry, name: str, before: Sequence[_Was], shown: Sequence[Execution | None]) -> TargetResult:
    target = Target(name, lost=_lost(entry, "The device shows neither."))
    same = [
        one if one is not None and not _stands_for_another(was, one) else None
        for was, one in zip(before, shown, strict=True)
    ]
    target.executions = [
        replace(one, ref=was.ref, status=ExecutionStatus(was.data["status"]), vendor_status=was.data["vendorStatus"])
        for was, one in zip(before, same, strict=True)
        if one is not None
    ]
    untouched = [
        one is not None and one.status.value == was.data["status"] and one.vendor_status == was.data["vendorStatus"]
        for was, one in zip(before, same, strict=True)
    ]
    if entry.operation in _RELEASES:
        if target.executions:
            conclude_release(target, same[0])
        else:
            target.decide(MutationOutcome.UNKNOWN, target.lost)
    elif all(untouched):
        target.decide(MutationOutcome.FAILED, _undone(entry))
    else:
        conclude_cancel(target, same, entry.backend)
    result = target.result or _target(name, MutationOutcome.UNKNOWN, target.lost)
    result.device_name = before[0].data.get("deviceName")
    result.execution_id = before[0].data["id"]
    result.status_before = ExecutionStatus(before[0].data["status"])
    result.vendor_status_before = before[0].data["vendorStatus"]
    return result


def _was(data: dict[str, Any]) -> _Was:
    return _Was(decode(data["id"]), data)


def _target(name: str, outcome: MutationOutcome, error: GatewayError | None) -> TargetResult:
    return TargetResult(target=name, outcome=outcome, error=error)


def _not_done(entry: AuditEntry) -> MutationResult:
    return MutationResult(outcome=MutationOutcome.FAILED, errors=[_undone(entry)])


def _not_sent(entry: AuditEntry) -> BackendUnavailable:
    return BackendUnavailable(
        "The gateway stopped before this was sent to the vendor. Nothing was changed; repeat it.", backend=entry.backend
    )


def _undone(entry: AuditEntry) -> BackendUnavailable:
    return BackendUnavailable(
        "The gateway stopped while this was being sent, and the vendor shows that it was not carried out. Repeat it.",
        backend=entry.backend,
    )


def _lost(entry: AuditEntry, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The gateway stopped while this was being sent, and whether it was carried out cannot be known. {why} "
        "Read the object before you repeat anything.",
        backend=entry.backend,
    )
