"""What AWS IoT accepts: lengths and patterns of inputs, which states allow what, and what else then happens.

Sources: the service model's constraints; for states the API texts of CancelJob, DeleteJob, CancelJobExecution,
DeleteJobExecution and DeletePackageVersion. Where sources disagree on deleting QUEUED and TIMED_OUT executions without
force, the gateway asks for a terminal state, counts TIMED_OUT as one, and lets AWS have the last word.
"""

import re

from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.errors import GatewayError, InvalidInput, InvalidState
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus, TaskStatus
from gateway.domain.task import Task
from gateway.vendorkit.aws.text_rules import TextRule, matching, printable, refuse_members, refuse_unknown_options
from gateway.vendors.aws_iot.details import AwsIotPackageVersionDetails

JOB_ID = TextRule(says="1 to 64 of A-Z a-z 0-9 _ -", accepts=matching(r"[a-zA-Z0-9_-]+"), longest=64)
THING_NAME = TextRule(says="1 to 128 of A-Z a-z 0-9 : _ -", accepts=matching(r"[a-zA-Z0-9:_-]+"), longest=128)
EXECUTION_NUMBER = TextRule(says="a number of 1 to 19 digits", accepts=matching(r"[0-9]+"), longest=19)
_DOTTED = r"(?!\.{1,2}$)[a-zA-Z0-9\-_.]+"
PACKAGE_NAME = TextRule(
    says="1 to 128 of A-Z a-z 0-9 - _ . and not only one or two dots", accepts=matching(_DOTTED), longest=128
)
VERSION_NAME = TextRule(
    says="1 to 64 of A-Z a-z 0-9 - _ . and not only one or two dots", accepts=matching(_DOTTED), longest=64
)
TEXT = TextRule(says="1 to 2028 characters, none of them a control character", accepts=printable, longest=2028)
REASON_CODE = TextRule(
    says="1 to 128 upper-case letters, digits and _",
    accepts=lambda text: all(character.isupper() or character.isdecimal() or character == "_" for character in text),
    longest=128,
)
TARGET = TextRule(
    says="the ARN of a thing or of a thing group",
    accepts=matching(r"arn:[^:]+:iot:[^:]+:[^:]+:(thing|thinggroup)/.+"),
    longest=2048,
)
DOCUMENT = TextRule(says="a JSON text of 1 to 32768 characters", accepts=bool, longest=32768)

MOST_TARGETS = 100
OPTIONS = (
    "targetSelection",
    "timeoutConfig",
    "jobExecutionsRolloutConfig",
    "abortConfig",
    "jobExecutionsRetryConfig",
    "presignedUrlConfig",
    "tags",
    "documentSource",
    "namespaceId",
    "schedulingConfig",
)

_KEYS = {
    Kind.TASK: (JOB_ID,),
    Kind.EXECUTION: (THING_NAME, JOB_ID, EXECUTION_NUMBER),
    Kind.PACKAGE: (PACKAGE_NAME, VERSION_NAME),
    Kind.DEVICE: (THING_NAME,),
}
_GONE = frozenset({TaskStatus.DELETING, TaskStatus.DELETED})
# A job shows CANCELED while its executions are still being cancelled; AWS deletes it all the same.
_DELETABLE = frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELED, TaskStatus.CANCELING})
_ENDED = frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELED})
_CONTROL = re.compile(r"\s+")


# ---------------------------------------------------------------------- inputs


def check_key(ref: ObjectId) -> None:
    """Raise InvalidInput when the parts of a key are not what AWS IoT names such an object by."""
    rules = _KEYS.get(ref.kind, ())
    if len(rules) != len(ref.key):
        says = f"an id of {len(rules)} parts"
        raise InvalidInput(f"This id names nothing in AWS IoT. Expected {says}.", path=("id",), rule=says)
    for rule, part in zip(rules, ref.key, strict=True):
        rule.check(part, "id")


def check_draft(draft: TaskDraft) -> None:
    """Raise InvalidInput for what CreateJob would not take."""
    JOB_ID.check(draft.name or "", "name")
    if draft.description is not None:
        TEXT.check(draft.description, "description")
    refuse_members(
        "AWS IoT takes a document, or vendorOptions.documentSource with the URL of one.",
        [
            ("s3Url", draft.s3_url),
            ("taskConfigurationId", draft.task_configuration_id),
            ("productKey", draft.product_key),
        ],
    )
    refuse_unknown_options(tuple(draft.vendor_options), OPTIONS)
    if not 1 <= len(draft.targets) <= MOST_TARGETS:
        says = f"1 to {MOST_TARGETS} targets"
        raise InvalidInput(f"A job needs {says}.", path=("targets",), rule=says)
    for index, target in enumerate(draft.targets):
        TARGET.check(target, "targets", str(index))
    if draft.package is not None:
        check_key(draft.package)
    _check_document(draft)
    _check_schedule(draft)


def _check_document(draft: TaskDraft) -> None:
    if draft.document is not None:
        DOCUMENT.check(draft.document, "document")
    sources = [draft.document, draft.vendor_options.get("documentSource")]
    given = sum(source is not None for source in sources)
    if given > 1 or (given == 0 and draft.package is None):
        says = "one of document, vendorOptions.documentSource, packageId"
        raise InvalidInput(f"A job needs what its devices shall do. Expected {says}.", path=("document",), rule=says)


def _check_schedule(draft: TaskDraft) -> None:
    if draft.scheduled_at is None:
        return
    given = draft.vendor_options.get("schedulingConfig", {})
    if not isinstance(given, dict) or "startTime" in given:
        says = "a start time in one place: scheduledAt or vendorOptions.schedulingConfig.startTime"
        raise InvalidInput(f"Expected {says}.", path=("scheduledAt",), rule=says)


def check_change(change: TaskChange) -> None:
    """Raise InvalidInput for what UpdateJob would not take."""
    if change.description is not None:
        TEXT.check(change.description, "description")
    refuse_members("AWS IoT jobs have no task configurations.", [("taskConfigurationId", change.task_configuration_id)])


def comment_of(reason: str | None) -> str | None:
    """A reason as CancelJob's `comment` takes it: control characters become spaces, cut to 2028; None when empty."""
    plain = "".join(character if printable(character) else " " for character in reason or "")
    return _CONTROL.sub(" ", plain).strip()[: TEXT.longest] or None


def reason_code_of(reason: str | None) -> str | None:
    """A reason as CancelJob's `reasonCode`, when it is written as one."""
    return reason if reason is not None and REASON_CODE.fits(reason) else None


# ---------------------------------------------------------------------- states


def refusal(operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
    """Why AWS IoT would refuse `operation` on `subject` as it stands; None when it would not."""
    if isinstance(subject, Task):
        return _task_refusal(operation, subject, force=force)
    if isinstance(subject, Execution):
        return _execution_refusal(operation, subject, force=force)
    details = subject.vendor_details
    if operation is Operation.DELETE_PACKAGE and isinstance(details, AwsIotPackageVersionDetails):
        return _default_version(subject) if details.is_default else None
    return None


def _task_refusal(operation: Operation, task: Task, *, force: bool) -> InvalidState | None:
    if operation in {Operation.UPDATE_TASK, Operation.CANCEL_TASK, Operation.DELETE_TASK} and task.status in _GONE:
        return _state(task, "The job is being deleted.")
    if operation is Operation.CANCEL_TASK and task.status in _ENDED:
        return _state(task, f"The job is {task.vendor_status} already. There is nothing left to cancel.")
    if operation is Operation.DELETE_TASK and task.status not in _DELETABLE and not force:
        return _state(
            task,
            f"The job is {task.vendor_status}. Cancel it first, or repeat with force: true to delete it as it is.",
            needs_force=True,
        )
    return None


def _execution_refusal(operation: Operation, execution: Execution, *, force: bool) -> InvalidState | None:
    ended = execution.status in TERMINAL_EXECUTION_STATUSES
    if operation is Operation.CANCEL_EXECUTION and ended:
        return _state(execution, f"The execution is {execution.vendor_status} already and cannot be cancelled.")
    if operation is Operation.CANCEL_EXECUTION and execution.status is ExecutionStatus.IN_PROGRESS and not force:
        return _state(
            execution,
            "The device is working on it. Repeat with force: true to cancel it; the device cannot report any more.",
            needs_force=True,
        )
    if operation is Operation.DELETE_EXECUTION and not ended and not force:
        return _state(
            execution,
            f"The execution is {execution.vendor_status}. Wait until it ends, cancel it, or repeat with force: true.",
            needs_force=True,
        )
    return None


def _state(subject: Task | Execution, message: str, *, needs_force: bool = False) -> InvalidState:
    return InvalidState(
        message,
        vendor_status=subject.vendor_status,
        needs_force=needs_force,
        backend=subject.backend.name,
        target=subject.id,
    )


def _default_version(package: Package) -> InvalidState:
    return InvalidState(
        f"{package.native_id} is the default version of its package and cannot be deleted as such. "
        "Make another version the default, or unset the default (UpdatePackage), then repeat.",
        vendor_status=package.vendor_status,
        backend=package.backend.name,
        target=package.id,
    )


# ---------------------------------------------------------------------- side effects


def side_effects(operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
    """What else happens, in sentences."""
    if operation is Operation.CANCEL_TASK:
        return [
            "Executions that are IN_PROGRESS are cancelled too; their devices cannot report any more."
            if force
            else "Only QUEUED executions are cancelled; those IN_PROGRESS go on and may still succeed."
        ]
    if operation is Operation.DELETE_TASK:
        effects = ["The job's executions are deleted with it.", "AWS deletes in its own time; until then it shows it."]
        if force and isinstance(subject, Task) and subject.status not in _DELETABLE:
            effects.append("Devices that are working on the job cannot report any more.")
        return effects
    if operation is Operation.DELETE_EXECUTION:
        effects = ["AWS may give the execution number to a new execution."]
        return effects + _silenced(subject, force=force)
    if operation is Operation.CANCEL_EXECUTION:
        return _silenced(subject, force=force)
    if operation is Operation.DELETE_PACKAGE:
        return ["Only this version is deleted: its package, other versions and files in S3 stay."]
    return []


def _silenced(subject: Task | Package | Execution, *, force: bool) -> list[str]:
    if force and isinstance(subject, Execution) and subject.status is ExecutionStatus.IN_PROGRESS:
        return ["The device is working on it and cannot report any more."]
    return []
