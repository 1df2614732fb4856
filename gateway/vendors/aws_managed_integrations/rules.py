"""What managed integrations accepts: lengths and patterns of inputs, which states allow what, and what then happens.

Sources: the service model's constraints, and the developer guide for targets (at most 100 in a ONE_TIME task, a query
in a CONTINUOUS one). Which states UpdateOtaTask and DeleteOtaTask accept is not documented: the service decides.
"""

from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.errors import InvalidInput, InvalidState
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.vendorkit.aws.text_rules import TextRule, matching, refuse_members, refuse_unknown_options

TASK_ID = TextRule(says="1 to 200 of A-Z a-z 0-9", accepts=matching(r"[A-Za-z0-9]+"), longest=200)
THING_ID = TextRule(says="1 to 64 of A-Z a-z 0-9 : _ -", accepts=matching(r"[a-zA-Z0-9:_-]+"), longest=64)
EXECUTION_NUMBER = TextRule(says="a number of 1 to 19 digits", accepts=matching(r"[0-9]+"), longest=19)
DESCRIPTION = TextRule(says="1 to 256 of A-Z a-z 0-9 _ - and space", accepts=matching(r"[0-9A-Za-z_\- ]+"), longest=256)
CONFIGURATION_ID = TextRule(says="1 to 64 of A-Z a-z 0-9", accepts=matching(r"[a-zA-Z0-9]+"), longest=64)
S3_URL = TextRule(says="an S3 URL of 1 to 1000 characters", accepts=bool, longest=1000)
TARGET = TextRule(
    says="the id of a managed thing, 1 to 64 of A-Z a-z 0-9 : _ -, or its ARN",
    accepts=matching(
        r"[a-zA-Z0-9:_-]{1,64}|arn:[^:]+:iotmanagedintegrations:[^:]+:[0-9]+:managed-thing/[0-9a-zA-Z:_-]+"
    ),
    longest=1011,
)

MOST_TARGETS = 100
ONE_TIME = "ONE_TIME"
OPTIONS = (
    "OtaType",
    "OtaTargetQueryString",
    "OtaSchedulingConfig",
    "OtaTaskExecutionRetryConfig",
    "Protocol",
    "OtaMechanism",
    "Tags",
)

_KEYS = {
    Kind.TASK: (TASK_ID,),
    Kind.EXECUTION: (THING_ID, TASK_ID, EXECUTION_NUMBER),
    Kind.PACKAGE: (TASK_ID, S3_URL),
    Kind.DEVICE: (THING_ID,),
}


def check_key(ref: ObjectId) -> None:
    """Raise InvalidInput when the parts of a key are not what the service names such an object by."""
    rules = _KEYS.get(ref.kind, ())
    if len(rules) != len(ref.key):
        says = f"an id of {len(rules)} parts"
        raise InvalidInput(f"This id names nothing in managed integrations. Expected {says}.", path=("id",), rule=says)
    for rule, part in zip(rules, ref.key, strict=True):
        rule.check(part, "id")


def check_draft(draft: TaskDraft) -> None:
    """Raise InvalidInput for what CreateOtaTask would not take."""
    refuse_members(
        "Managed integrations takes an s3Url, and has neither names nor packages for its tasks.",
        [
            ("name", draft.name),
            ("packageId", draft.package),
            ("document", draft.document),
            ("productKey", draft.product_key),
        ],
    )
    S3_URL.check(draft.s3_url or "", "s3Url")
    check_change(TaskChange(description=draft.description, task_configuration_id=draft.task_configuration_id))
    refuse_unknown_options(tuple(draft.vendor_options), OPTIONS)
    _check_targets(draft)
    given = draft.vendor_options.get("OtaSchedulingConfig", {})
    if draft.scheduled_at is not None and (not isinstance(given, dict) or "StartTime" in given):
        says = "a start time in one place: scheduledAt or vendorOptions.OtaSchedulingConfig.StartTime"
        raise InvalidInput(f"Expected {says}.", path=("scheduledAt",), rule=says)


def _check_targets(draft: TaskDraft) -> None:
    once = draft.vendor_options.get("OtaType", ONE_TIME) == ONE_TIME
    if once and not 1 <= len(draft.targets) <= MOST_TARGETS:
        says = f"1 to {MOST_TARGETS} targets, or vendorOptions.OtaType CONTINUOUS with an OtaTargetQueryString"
        raise InvalidInput(f"The task needs devices. Expected {says}.", path=("targets",), rule=says)
    for index, target in enumerate(draft.targets):
        TARGET.check(target, "targets", str(index))


def check_change(change: TaskChange) -> None:
    """Raise InvalidInput for what UpdateOtaTask would not take."""
    if change.description is not None:
        DESCRIPTION.check(change.description, "description")
    if change.task_configuration_id is not None:
        CONFIGURATION_ID.check(change.task_configuration_id, "taskConfigurationId")


def refusal(operation: Operation, subject: Task | Package | Execution) -> InvalidState | None:
    """Why the service would refuse `operation` on `subject` as it stands; None when it would not."""
    if operation not in {Operation.UPDATE_TASK, Operation.DELETE_TASK} or not isinstance(subject, Task):
        return None
    if subject.status not in {TaskStatus.DELETING, TaskStatus.DELETED}:
        return None
    return InvalidState(
        "The task is being deleted.",
        vendor_status=subject.vendor_status,
        backend=subject.backend.name,
        target=subject.id,
    )


def side_effects(operation: Operation, subject: Task | Package | Execution) -> list[str]:
    """What else happens, in sentences."""
    if operation is not Operation.DELETE_TASK:
        return []
    effects = ["The service deletes in its own time; until then it shows the task.", "The task's file stays in S3."]
    if isinstance(subject, Task) and subject.status in {TaskStatus.SCHEDULED, TaskStatus.IN_PROGRESS}:
        effects.append("The task has not ended; what becomes of devices that are working on it is not documented.")
    return effects
