"""What Tuya accepts: the form of its keys, and which state allows which operation. No operation has a force."""

import re

from gateway.domain.errors import GatewayError, InvalidInput, InvalidState
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.task import Task

NUMERIC_ID = re.compile(r"[0-9]{1,32}")
PRODUCT_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
DEVICE_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,128}")

_KEY_RULES: dict[Kind, tuple[tuple[str, re.Pattern[str]], ...]] = {
    Kind.TASK: (("JobId", NUMERIC_ID),),
    Kind.PACKAGE: (("FirmwareId", NUMERIC_ID),),
    Kind.DEVICE: (("ProductKey", PRODUCT_KEY), ("DeviceName", DEVICE_NAME)),
    Kind.EXECUTION: (
        ("ProductKey", PRODUCT_KEY),
        ("FirmwareId", NUMERIC_ID),
        ("JobId", NUMERIC_ID),
        ("DeviceName", DEVICE_NAME),
        ("TaskId", NUMERIC_ID),
    ),
}
_ENDED_TASKS = frozenset({"COMPLETED", "COMPLETE", "CANCELED"})
_ENDED_EXECUTIONS = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})
_WRITES_ON_TASKS = frozenset({Operation.CANCEL_TASK, Operation.CONFIRM_TASK})


def refusal(operation: Operation, subject: Task | Package | Execution) -> GatewayError | None:
    """Why the vendor would refuse, or None. A state no table knows is left for the vendor to judge."""
    if isinstance(subject, Task):
        if operation in _WRITES_ON_TASKS and subject.vendor_status in _ENDED_TASKS:
            return _refused(subject, f"The batch is {subject.vendor_status}: it has ended.")
        return None
    if isinstance(subject, Execution):
        return _execution_refusal(operation, subject)
    return None


def _execution_refusal(operation: Operation, execution: Execution) -> GatewayError | None:
    status, name = execution.vendor_status, execution.device.name
    if operation is Operation.CANCEL_EXECUTION:
        if status == "IN_PROGRESS":
            return _refused(
                execution,
                f"Device {name} is IN_PROGRESS: Tuya cannot cancel an upgrade that has begun. It cancels CONFIRM, "
                "QUEUED and NOTIFIED.",
            )
        if status in _ENDED_EXECUTIONS:
            return _refused(execution, f"Device {name} is {status}: its upgrade has ended.")
    if operation is Operation.CONFIRM_TASK and status in _ENDED_EXECUTIONS | {"QUEUED", "NOTIFIED", "IN_PROGRESS"}:
        return _refused(execution, f"Device {name} is {status}: only CONFIRM awaits a confirmation.")
    return None


def _refused(subject: Task | Execution, message: str) -> InvalidState:
    return InvalidState(message, vendor_status=subject.vendor_status, backend=subject.backend.name, target=subject.id)


def side_effects(operation: Operation, subject: Task | Package | Execution) -> list[str]:
    """What else happens."""
    if operation is Operation.CANCEL_TASK:
        return [
            "Devices that are IN_PROGRESS go on: Tuya cannot cancel them.",
            "The batch stays listed.",
        ]
    if operation is Operation.CANCEL_EXECUTION:
        return ["The device's record stays, as CANCELED."]
    return []


def check_key(ref: ObjectId) -> None:
    """Raise InvalidInput when a native key cannot be one of this vendor's."""
    rules = _KEY_RULES.get(ref.kind, ())
    if ref.kind is Kind.DEVICE and len(ref.key) == 1:
        rule = "the ProductKey of the device: Tuya names a device by product key and device name"
        raise InvalidInput(f"productKey must be given: {rule}.", path=("productKey",), rule=rule, backend=ref.backend)
    names = ", ".join(f"{name} {pattern.pattern}" for name, pattern in rules)
    fits = len(ref.key) == len(rules) and all(
        pattern.fullmatch(part) for part, (_, pattern) in zip(ref.key, rules, strict=False)
    )
    if not fits:
        raise InvalidInput(
            f"This is not the key of a Tuya {ref.kind.value}. Expected {names}.",
            path=("id",),
            rule=names,
            backend=ref.backend,
        )
