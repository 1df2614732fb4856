"""What IoTDA accepts: lengths and patterns of its inputs, and which state allows which operation.

Patterns render the rules of the SDK's model texts (3.1.219). The states are those of StopBatchTask, RetryBatchTask,
ConfirmBatchTask and DeleteBatchTask. A state no table knows is left for the vendor to judge.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from gateway.domain.errors import GatewayError, InvalidInput, InvalidState, UnsupportedByVendor
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.vendors.huawei_iotda.details import HuaweiIotdaPackageDetails, HuaweiIotdaTaskDetails

SCHEDULE_AHEAD = timedelta(days=7)

_ENDED = frozenset({"Success", "PartialSuccess", "Fail", "Stopped"})
_REFUSING_TASKS = {
    Operation.CANCEL_TASK: _ENDED | {"Stopping"},
    Operation.CONFIRM_TASK: _ENDED | {"Stopping"},
    Operation.RETRY_TASK: frozenset({"Initializing", "Waitting", "Stopping", "Success", "Stopped"}),
    Operation.DELETE_TASK: frozenset({"Initializing", "Waitting", "Processing", "Stopping"}),
}
_REFUSING_EXECUTIONS = {
    Operation.CANCEL_EXECUTION: frozenset({"Success", "Fail", "Stopped", "Removed"}),
    Operation.CONFIRM_TASK: frozenset({"Processing", "FailWaitRetry", "Success", "Fail", "Stopped", "Removed"}),
    Operation.RETRY_TASK: frozenset({"Waitting", "Processing", "Success", "Removed"}),
}
_ALLOWED = {
    Operation.CANCEL_TASK: "It can be cancelled in Initializing, Waitting and Processing.",
    Operation.CONFIRM_TASK: "It can be confirmed in Initializing, Waitting and Processing.",
    Operation.RETRY_TASK: "It can be tried again in Processing, PartialSuccess and Fail.",
    Operation.DELETE_TASK: (
        "It can be deleted in Success, PartialSuccess, Fail and Stopped: cancel it first (cancelOtaTask), "
        "then delete it."
    ),
}
_ALLOWED_DEVICES = {
    Operation.CANCEL_EXECUTION: "A device can be cancelled in Waitting, Processing and FailWaitRetry.",
    Operation.CONFIRM_TASK: "A device can be confirmed in Waitting.",
    Operation.RETRY_TASK: "A device can be tried again in Fail, FailWaitRetry and Stopped.",
}
_BY_TYPE = frozenset({Operation.CANCEL_TASK, Operation.RETRY_TASK})
_KEY_RULES = {
    Kind.TASK: (("task_id", re.compile(r"[a-f0-9]{1,24}")),),
    Kind.PACKAGE: (("package_id", re.compile(r"[A-Za-z0-9-]{1,36}")),),
    Kind.DEVICE: (("device_id", re.compile(r"[A-Za-z0-9_-]{1,128}")),),
    Kind.EXECUTION: (
        ("task_id", re.compile(r"[a-f0-9]{1,24}")),
        ("device_id", re.compile(r"[A-Za-z0-9_-]{1,128}")),
    ),
}


def refusal(
    operation: Operation, subject: Task | Package | Execution, stoppable_types: Collection[str]
) -> GatewayError | None:
    """Why the vendor would refuse, or None."""
    if isinstance(subject, Task):
        return _task_refusal(operation, subject, stoppable_types)
    if isinstance(subject, Execution):
        return _execution_refusal(operation, subject)
    return None


def _task_refusal(operation: Operation, task: Task, stoppable_types: Collection[str]) -> GatewayError | None:
    details = task.vendor_details
    task_type = details.task_type if isinstance(details, HuaweiIotdaTaskDetails) else ""
    if operation in _BY_TYPE and task_type and task_type not in stoppable_types:
        return UnsupportedByVendor(
            f"Huawei IoTDA documents {operation.value} for {', '.join(stoppable_types)} tasks; this one is a "
            f"{task_type} task.",
            operation=operation,
            backend=task.backend.name,
            target=task.id,
        )
    if task.vendor_status not in _REFUSING_TASKS.get(operation, frozenset()):
        return None
    return InvalidState(
        f"The task is {task.vendor_status}. {_ALLOWED[operation]}",
        vendor_status=task.vendor_status,
        backend=task.backend.name,
        target=task.id,
    )


def _execution_refusal(operation: Operation, execution: Execution) -> GatewayError | None:
    if execution.vendor_status not in _REFUSING_EXECUTIONS.get(operation, frozenset()):
        return None
    return InvalidState(
        f"Device {execution.device.name} is {execution.vendor_status} in this task. {_ALLOWED_DEVICES[operation]}",
        vendor_status=execution.vendor_status,
        backend=execution.backend.name,
        target=execution.id,
    )


def side_effects(operation: Operation, subject: Task | Package | Execution) -> list[str]:
    """What else happens."""
    if operation is Operation.DELETE_PACKAGE and isinstance(subject, Package):
        return [
            f"The OBS object stays{_place(subject)}: Huawei IoTDA deletes only its record of the package.",
            "The instance's agency iotda_admin_trust needs the rights OBS OperateAccess and KMS Administrator.",
        ]
    if operation is Operation.CANCEL_TASK:
        return ["Every device that waits, runs or waits for a retry is stopped; the task reads Stopping until then."]
    return []


def _place(package: Package) -> str:
    details = package.vendor_details
    location: object = details.file_location if isinstance(details, HuaweiIotdaPackageDetails) else None
    place = location.get("obs_location") if isinstance(location, dict) else None
    if not isinstance(place, dict) or not place.get("bucket_name") or not place.get("object_key"):
        return ""
    return f" in bucket {place['bucket_name']} as {place['object_key']}"


def check_key(ref: ObjectId) -> None:
    """Raise InvalidInput when a native key cannot be one of this vendor's."""
    rules = _KEY_RULES.get(ref.kind, ())
    names = ", ".join(f"{name} {pattern.pattern}" for name, pattern in rules)
    fits = len(ref.key) == len(rules) and all(
        pattern.fullmatch(part) for part, (_, pattern) in zip(ref.key, rules, strict=False)
    )
    if not fits:
        raise InvalidInput(
            f"This is not the key of a Huawei IoTDA {ref.kind.value}. Expected {names}.",
            path=("id",),
            rule=names,
            backend=ref.backend,
        )


def check_schedule(scheduled_at: datetime | None, now: datetime) -> None:
    """Raise InvalidInput when a start lies in the past or more than 7 days ahead."""
    if scheduled_at is None or now < scheduled_at <= now + SCHEDULE_AHEAD:
        return
    rule = "a time after now and at most 7 days ahead"
    raise InvalidInput(f"scheduledAt must be {rule}.", path=("scheduledAt",), rule=rule)
