"""From IoTDA's rows to the domain: status tables and pure functions.

Statuses are those of huaweicloudsdkiotda 3.1.219 (Task.status, TaskDetail.status, and the filter of ShowBatchTask,
which alone names Removed). Failure texts are those of the vendor's FAQ on software and firmware upgrade errors of
2024-07-30, each one reviewed.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from gateway.domain.backend import Backend
from gateway.domain.details import JsonValue
from gateway.domain.device import device
from gateway.domain.execution import Execution, Failure
from gateway.domain.fingerprint import fingerprint
from gateway.domain.ids import Kind, ObjectId, encode
from gateway.domain.package import Package
from gateway.domain.statuses import (
    CountUnit,
    ExecutionStatus,
    FailureReason,
    PackageKind,
    Source,
    TaskOutcome,
    TaskStatus,
)
from gateway.domain.task import ExecutionCounts, StatusCount, Task
from gateway.vendorkit.decoding import Unreadable, count_of, read_json
from gateway.vendorkit.identity import REMEMBERED, Identity, identity
from gateway.vendorkit.statuses import StatusTable
from gateway.vendorkit.times import from_compact
from gateway.vendors.huawei_iotda.details import HuaweiIotdaPackageDetails, HuaweiIotdaTaskDetails
from gateway.vendors.huawei_iotda.wire import DetailRow, FileLocation, PackageRow, TaskRow, present

TASK_STATUS = StatusTable(
    {
        "Initializing": TaskStatus.PREPARING,
        "Waitting": TaskStatus.PENDING,
        "Processing": TaskStatus.IN_PROGRESS,
        "Stopping": TaskStatus.CANCELING,
        "Success": TaskStatus.COMPLETED,
        "PartialSuccess": TaskStatus.COMPLETED,
        "Fail": TaskStatus.COMPLETED,
        "Stopped": TaskStatus.CANCELED,
    },
    TaskStatus.UNKNOWN,
)
EXECUTION_STATUS = StatusTable(
    {
        "Waitting": ExecutionStatus.QUEUED,
        "Processing": ExecutionStatus.IN_PROGRESS,
        "FailWaitRetry": ExecutionStatus.RETRY_WAIT,
        "Success": ExecutionStatus.SUCCEEDED,
        "Fail": ExecutionStatus.FAILED,
        "Stopped": ExecutionStatus.CANCELED,
        "Removed": ExecutionStatus.REMOVED,
    },
    ExecutionStatus.UNKNOWN,
)
PACKAGE_KIND = StatusTable(
    {
        "softwarePackage": PackageKind.SOFTWARE,
        "firmwarePackage": PackageKind.FIRMWARE,
        "modulePackage": PackageKind.MODULE,
    },
    PackageKind.OTHER,
)
FAILURE_TEXT = StatusTable(
    {
        "device abnormal is not online": FailureReason.UNREACHABLE,
        "task conflict": FailureReason.VENDOR,
        "waiting for the device online timeout": FailureReason.UNREACHABLE,
        "waiting for report cellid timeout": FailureReason.TIMEOUT,
        "waiting for report device firmware version timeout": FailureReason.TIMEOUT,
        "wait for the device to report upgrade result timeout": FailureReason.TIMEOUT,
        "updating timeout and query device version for check timeout": FailureReason.TIMEOUT,
        "waiting for device downloaded package timeout": FailureReason.TIMEOUT,
        "integrity check failure for new downloaded package": FailureReason.VERIFICATION,
        "unsupported package type": FailureReason.INCOMPATIBLE,
        "not enough storage for the new firmware package": FailureReason.STORAGE,
        "out of memory during downloading process": FailureReason.DOWNLOAD,
        "connection lost during downloading process": FailureReason.DOWNLOAD,
        "invalid uri": FailureReason.DOWNLOAD,
        "firmware update failed": FailureReason.INSTALLATION,
    },
    FailureReason.UNKNOWN,
)
STATUS_TABLES: dict[str, StatusTable[Any]] = {
    "task": TASK_STATUS,
    "execution": EXECUTION_STATUS,
    "package kind": PACKAGE_KIND,
    "failure text": FAILURE_TEXT,
}
LIST_LACKS = frozenset({"checksum", "vendor_details"})

_OUTCOMES = {
    "Success": TaskOutcome.SUCCEEDED,
    "PartialSuccess": TaskOutcome.PARTIALLY_SUCCEEDED,
    "Fail": TaskOutcome.FAILED,
    "Stopped": TaskOutcome.CANCELED,
}


def task_of(backend: Backend, row: TaskRow, raw: bytes, at: datetime) -> Task:
    """A task. Lists and single reads carry the same members, so nothing is lacking."""
    ref, global_id, printed, created_at = _task_identity(backend.name, row.task_id, row.create_time)
    outcome = _OUTCOMES.get(row.status or "")
    package_id = package_id_of(row.document)
    return Task(
        ref=ref,
        id=global_id,
        native_id=row.task_id,
        name=row.task_name or row.task_id,
        backend=backend,
        status=_task_status(row, at),
        vendor_status=row.status or "",
        outcome=outcome,
        outcome_source=Source.VENDOR if outcome else None,
        package_ref=ObjectId(Kind.PACKAGE, backend.name, (package_id,)) if package_id else None,
        execution_counts=_counts(row),
        created_at=created_at,
        observed_at=at,
        fingerprint=printed,
        vendor_details=HuaweiIotdaTaskDetails(
            task_type=row.task_type or "", status_description=row.status_desc, targets=row.targets or []
        ),
        raw=raw,
    )


@lru_cache(maxsize=REMEMBERED)
def _task_identity(backend_name: str, task_id: str, create_time: str | None) -> Identity:
    ref = ObjectId(Kind.TASK, backend_name, (task_id,))
    return identity(ref, create_time or "", began=from_compact(create_time))


def package_id_of(document: object) -> str | None:
    """The package a task's document names: `package_ids` with one id, or `package_id`, as text or as a list."""
    if not isinstance(document, dict):
        return None
    for member in ("package_ids", "package_id"):
        named = document.get(member)
        if isinstance(named, list) and named:
            named = named[0]
        if isinstance(named, str) and named:
            return named
    return None


def _task_status(row: TaskRow, at: datetime) -> TaskStatus:
    status = TASK_STATUS.read(row.status)
    if row.status == "Waitting":
        starts_at = from_compact(row.task_policy.schedule_time) if row.task_policy else None
        return TaskStatus.SCHEDULED if starts_at and starts_at > at else status
    if row.status == "Fail" and row.task_progress is not None and row.task_progress.total == 0:
        # Without a single device it was the task itself that failed; `status_desc` says why.
        return TaskStatus.FAILED
    return status


def _counts(row: TaskRow) -> ExecutionCounts | None:
    progress = row.task_progress
    if progress is None:
        return None
    given = (
        (waiting_status(need_confirm=row.need_confirm), progress.waitting),
        (ExecutionStatus.IN_PROGRESS, progress.processing),
        (ExecutionStatus.RETRY_WAIT, progress.fail_wait_retry),
        (ExecutionStatus.SUCCEEDED, progress.success),
        (ExecutionStatus.FAILED, progress.fail),
        (ExecutionStatus.CANCELED, progress.stopped),
        (ExecutionStatus.REMOVED, progress.removed),
    )
    numbers = ((status, count_of(value)) for status, value in given)
    by_status = tuple(StatusCount(status, count) for status, count in numbers if count is not None)
    return ExecutionCounts(total=count_of(progress.total), unit=CountUnit.DEVICES, exact=True, by_status=by_status)


def waiting_status(*, need_confirm: bool | None) -> ExecutionStatus:
    """What `Waitting` means for a device: its task waits for a confirmation, or the device for its turn."""
    return ExecutionStatus.AWAITING_CONFIRMATION if need_confirm else ExecutionStatus.QUEUED


def execution_of(backend: Backend, task: TaskRow, row: DetailRow, raw: bytes, at: datetime) -> Execution:
    """One device's part in `task`. The vendor gives it no time, no attempt and no progress."""
    ref = execution_ref(backend, task.task_id, row.target)
    status = EXECUTION_STATUS.read(row.status)
    if row.status == "Waitting":
        status = waiting_status(need_confirm=task.need_confirm)
    return Execution(
        ref=ref,
        id=encode(ref),
        task_ref=ObjectId(Kind.TASK, backend.name, (task.task_id,)),
        device=device(backend, row.target),
        backend=backend,
        status=status,
        vendor_status=row.status or "",
        failure=_failure(row),
        observed_at=at,
        fingerprint=fingerprint(ref, task.create_time or ""),
        raw=raw,
    )


def execution_ref(backend: Backend, task_id: str, target: str) -> ObjectId:
    """The id of a device's part in a task."""
    return ObjectId(Kind.EXECUTION, backend.name, (task_id, target))


def _failure(row: DetailRow) -> Failure | None:
    error = row.error
    if error is None or (error.error_code is None and error.error_msg is None):
        return None
    reason = FailureReason.UNKNOWN
    if error.error_msg:
        reason = FAILURE_TEXT.read(" ".join(error.error_msg.lower().split()).rstrip("."))
    return Failure(reason=reason, vendor_code=error.error_code, vendor_message=error.error_msg)


def native_execution_statuses(wanted: frozenset[ExecutionStatus]) -> list[str]:
    """The vendor's words for `wanted`; `Waitting` stands for two of ours."""
    asked = set(wanted)
    if ExecutionStatus.AWAITING_CONFIRMATION in asked:
        asked.add(ExecutionStatus.QUEUED)
    return EXECUTION_STATUS.native(asked)


def package_of(backend: Backend, row: PackageRow, raw: bytes, at: datetime, *, listed: bool) -> Package:
    """A package. The vendor has neither a name, a size nor a status for it; only a single read tells of its file."""
    ref = ObjectId(Kind.PACKAGE, backend.name, (row.package_id,))
    return Package(
        ref=ref,
        id=encode(ref),
        native_id=row.package_id,
        name=row.package_id,
        backend=backend,
        kind=PACKAGE_KIND.read(row.package_type),
        version=row.version,
        description=row.description,
        checksum=None if listed else _checksum(row),
        product_key=row.product_id,
        created_at=from_compact(row.create_time),
        observed_at=at,
        fingerprint=fingerprint(ref, row.create_time or ""),
        vendor_details=None
        if listed
        else HuaweiIotdaPackageDetails(
            package_type=row.package_type or "",
            support_source_versions=row.support_source_versions or [],
            file_location=_json_of(row.file_location) if present(row.file_location) else None,
            custom_info=row.custom_info,
        ),
        raw=raw,
        lacks=LIST_LACKS if listed else frozenset(),
    )


def _json_of(raw: msgspec.Raw) -> JsonValue | None:
    try:
        return JsonValue(read_json(raw, object))
    except Unreadable:
        return None


def _checksum(row: PackageRow) -> str | None:
    if not present(row.file_location):
        return None
    try:
        location = read_json(row.file_location, FileLocation).obs_location
    except Unreadable:
        return None
    return location.sign if location else None
