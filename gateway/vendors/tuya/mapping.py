"""From Tuya's rows to the domain: status tables and pure functions. Enumerations are those of Tuya's pages."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from gateway.domain.backend import Backend
from gateway.domain.details import GlobalId
from gateway.domain.device import device
from gateway.domain.execution import Execution, Failure
from gateway.domain.fingerprint import fingerprint
from gateway.domain.ids import Kind, ObjectId, encode
from gateway.domain.package import NOTHING_LACKING, Package
from gateway.domain.statuses import (
    ExecutionStatus,
    FailureReason,
    PackageKind,
    PackageStatus,
    Source,
    TaskOutcome,
    TaskStatus,
)
from gateway.domain.task import Progress, Task
from gateway.vendorkit.identity import REMEMBERED, Identity, identity
from gateway.vendorkit.statuses import StatusTable
from gateway.vendorkit.times import from_iso
from gateway.vendors.tuya.details import TuyaPackageDetails, TuyaTaskDetails
from gateway.vendors.tuya.wire import DeviceTaskRow, FirmwareRow, JobRow, Read

# COMPLETE beside COMPLETED: two of Alibaba's lists, of which this API is a copy, print the short form.
TASK_STATUS = StatusTable(
    {
        "PLANNED": TaskStatus.SCHEDULED,
        "IN_PROGRESS": TaskStatus.IN_PROGRESS,
        "COMPLETED": TaskStatus.COMPLETED,
        "COMPLETE": TaskStatus.COMPLETED,
        "CANCELED": TaskStatus.CANCELED,
    },
    TaskStatus.UNKNOWN,
)
EXECUTION_STATUS = StatusTable(
    {
        "CONFIRM": ExecutionStatus.AWAITING_CONFIRMATION,
        "QUEUED": ExecutionStatus.QUEUED,
        "NOTIFIED": ExecutionStatus.NOTIFIED,
        "IN_PROGRESS": ExecutionStatus.IN_PROGRESS,
        "SUCCEEDED": ExecutionStatus.SUCCEEDED,
        "FAILED": ExecutionStatus.FAILED,
        "CANCELED": ExecutionStatus.CANCELED,
    },
    ExecutionStatus.UNKNOWN,
)
PACKAGE_STATUS = StatusTable(
    {
        "-1": PackageStatus.AVAILABLE,
        "0": PackageStatus.DRAFT,
        "1": PackageStatus.AVAILABLE,
        "2": PackageStatus.VERIFYING,
        "3": PackageStatus.VERIFICATION_FAILED,
    },
    PackageStatus.UNKNOWN,
)
STATUS_TABLES: dict[str, StatusTable[Any]] = {
    "task": TASK_STATUS,
    "execution": EXECUTION_STATUS,
    "package": PACKAGE_STATUS,
}
TASK_LIST_LACKS = frozenset({"description", "started_at", "ended_at"})
UNFINISHED_LIST_LACKS = frozenset({"progress"})

_DEFAULT_MODULE = "default"
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)%?")


def task_of(backend: Backend, read: Read[JobRow], at: datetime, *, listed: bool) -> Task:
    """A batch. It has no name of its own (QueryOTAJob's Name is its package's), no counts and no progress."""
    row = read.row
    ref, global_id, printed, created_at = _task_identity(
        backend.name, row.job_id, row.firmware_id or "", row.product_key or "", row.utc_create
    )
    status = TASK_STATUS.read(row.job_status)
    canceled = status is TaskStatus.CANCELED
    return Task(
        ref=ref,
        id=global_id,
        native_id=row.job_id,
        name=row.job_id,
        backend=backend,
        status=status,
        vendor_status=row.job_status or "",
        outcome=TaskOutcome.CANCELED if canceled else None,
        outcome_source=Source.VENDOR if canceled else None,
        description=None if listed else row.job_desc,
        package_ref=package_ref(backend, row.firmware_id) if row.firmware_id else None,
        created_at=created_at,
        started_at=None if listed else from_iso(row.utc_start_time),
        ended_at=None if listed else from_iso(row.utc_end_time),
        updated_at=from_iso(row.utc_modified),
        observed_at=at,
        fingerprint=printed,
        vendor_details=_task_details(row),
        raw=read.raw,
        lacks=TASK_LIST_LACKS if listed else NOTHING_LACKING,
    )


@lru_cache(maxsize=REMEMBERED)
def _task_identity(
    backend_name: str, job_id: str, firmware_id: str, product_key: str, utc_create: str | None
) -> Identity:
    ref = ObjectId(Kind.TASK, backend_name, (job_id,))
    return identity(ref, firmware_id, product_key, began=from_iso(utc_create))


def _task_details(row: JobRow) -> TuyaTaskDetails | None:
    if row.firmware_id is None or row.product_key is None:
        return None
    return TuyaTaskDetails(
        firmware_id=GlobalId(row.firmware_id),
        product_key=row.product_key,
        job_type=row.job_type,
        target_selection=row.target_selection,
    )


def package_ref(backend: Backend, firmware_id: str) -> ObjectId:
    """The id of a package."""
    return ObjectId(Kind.PACKAGE, backend.name, (firmware_id,))


def package_of(backend: Backend, read: Read[FirmwareRow], at: datetime) -> Package:
    """A package. Lists carry as much as a single read."""
    row = read.row
    ref = package_ref(backend, row.firmware_id)
    status = None if row.status is None else str(row.status)
    whole_device = row.module_name is None or row.module_name == _DEFAULT_MODULE
    return Package(
        ref=ref,
        id=encode(ref),
        native_id=row.firmware_id,
        name=row.firmware_name or row.firmware_id,
        backend=backend,
        kind=PackageKind.FIRMWARE if whole_device else PackageKind.MODULE,
        version=row.dest_version,
        status=None if status is None else PACKAGE_STATUS.read(status),
        vendor_status=status,
        description=row.firmware_desc,
        size_bytes=_size(row.firmware_size),
        checksum=row.firmware_sign,
        product_key=row.product_key,
        created_at=from_iso(row.utc_create),
        updated_at=from_iso(row.utc_modified),
        observed_at=at,
        fingerprint=fingerprint(ref, row.product_key or "", row.dest_version or ""),
        vendor_details=TuyaPackageDetails(
            firmware_type=row.type,
            module_name=row.module_name,
            source_version=row.src_version,
            sign_method=row.sign_method,
        ),
        raw=read.raw,
    )


def _size(value: float | None) -> float | None:
    return value if value is not None and 0 <= value < float("inf") else None


def execution_of(
    backend: Backend,
    read: Read[DeviceTaskRow],
    at: datetime,
    *,
    job_id: str = "",
    product_key: str | None = None,
    unfinished_list: bool = False,
) -> Execution:
    """A device's part in a batch. `job_id` and `product_key` stand in where the row does not repeat them.

    `queued_at` is the moment Tuya created the record. The list of unfinished ones carries no progress.
    """
    row = read.row
    job = row.job_id or job_id
    product = row.product_key or product_key
    ref = ObjectId(
        Kind.EXECUTION,
        backend.name,
        (product or "", row.firmware_id or "", job, row.device_name, row.task_id),
    )
    status = EXECUTION_STATUS.read(row.task_status)
    return Execution(
        ref=ref,
        id=encode(ref),
        task_ref=ObjectId(Kind.TASK, backend.name, (job,)) if job else None,
        device=device(backend, row.device_name, product),
        backend=backend,
        status=status,
        vendor_status=row.task_status or "",
        progress=_progress(row.progress),
        failure=_failure(status, row.task_desc),
        queued_at=from_iso(row.utc_create),
        updated_at=from_iso(row.utc_modified),
        observed_at=at,
        fingerprint=fingerprint(ref),
        raw=read.raw,
        lacks=UNFINISHED_LIST_LACKS if unfinished_list else NOTHING_LACKING,
    )


def _progress(value: object) -> Progress | None:
    written = _PERCENT.fullmatch(str(value)) if isinstance(value, int | float | str) else None
    if written is None or not float(written[1]) <= 100:
        return None
    return Progress(float(written[1]), Source.VENDOR)


def _failure(status: ExecutionStatus, text: str | None) -> Failure | None:
    # No list of Tuya's failure texts is published, so none is read as a reason.
    if status is not ExecutionStatus.FAILED:
        return None
    return Failure(reason=FailureReason.UNKNOWN, vendor_message=text)
