"""AWS IoT's objects in neutral words. Pure functions: no call, no clock."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from gateway.domain.backend import Backend
from gateway.domain.details import JsonValue
from gateway.domain.device import device
from gateway.domain.execution import Execution, Failure
from gateway.domain.ids import Kind, ObjectId, generation_of
from gateway.domain.package import Package
from gateway.domain.statuses import (
    ExecutionStatus,
    FailureReason,
    PackageKind,
    PackageStatus,
    Source,
    TaskOutcome,
    TaskStatus,
)
from gateway.domain.task import ExecutionCounts, Task
from gateway.vendorkit.aws.counters import derived_outcome, execution_counts
from gateway.vendorkit.aws.reading import Reading
from gateway.vendorkit.decoding import count_of
from gateway.vendorkit.identity import REMEMBERED, Identity, identity
from gateway.vendorkit.statuses import StatusTable
from gateway.vendorkit.times import from_epoch
from gateway.vendors.aws_iot.details import AwsIotJobDetails, AwsIotPackageVersionDetails
from gateway.vendors.aws_iot.wire import (
    ExecutionSummary,
    Job,
    JobExecution,
    JobProcessDetails,
    JobSummary,
    PackageVersion,
    PackageVersionSummary,
    Time,
)

TASK_STATUSES = StatusTable(
    {
        "SCHEDULED": TaskStatus.SCHEDULED,
        "IN_PROGRESS": TaskStatus.IN_PROGRESS,
        "COMPLETED": TaskStatus.COMPLETED,
        "CANCELED": TaskStatus.CANCELED,
        "DELETION_IN_PROGRESS": TaskStatus.DELETING,
    },
    TaskStatus.UNKNOWN,
)
EXECUTION_STATUSES = StatusTable(
    {
        "QUEUED": ExecutionStatus.QUEUED,
        "IN_PROGRESS": ExecutionStatus.IN_PROGRESS,
        "SUCCEEDED": ExecutionStatus.SUCCEEDED,
        "FAILED": ExecutionStatus.FAILED,
        "TIMED_OUT": ExecutionStatus.TIMED_OUT,
        "REJECTED": ExecutionStatus.REJECTED,
        "REMOVED": ExecutionStatus.REMOVED,
        "CANCELED": ExecutionStatus.CANCELED,
    },
    ExecutionStatus.UNKNOWN,
)
PACKAGE_STATUSES = StatusTable(
    {
        "DRAFT": PackageStatus.DRAFT,
        "PUBLISHED": PackageStatus.AVAILABLE,
        "DEPRECATED": PackageStatus.DEPRECATED,
    },
    PackageStatus.UNKNOWN,
)

# Members looked up once: in Python 3.11 that costs more than comparing with them.
_CANCELED, _COMPLETED = TaskStatus.CANCELED, TaskStatus.COMPLETED

_TASK_LIST_LACKS = frozenset({"description", "package_ref", "execution_counts", "vendor_details"})
_ENDED_LIST_LACKS = _TASK_LIST_LACKS | {"outcome", "outcome_source"}
_EXECUTION_LIST_LACKS = frozenset({"version"})
_FAILED_LIST_LACKS = frozenset({"version", "failure"})
_PACKAGE_LIST_LACKS = frozenset({"description", "vendor_details"})
_FAILED = frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.REJECTED})

_PACKAGE_VERSION_ARN = re.compile(r"arn:[^:]+:iot:[^:]*:[^:]*:package/([^/]+)/version/([^/]+)")

# Devices choose their own keys; these say plainly what they hold. Compared without case, dashes and underscores.
_CODE_KEYS = frozenset({"errorcode", "reasoncode", "failurecode", "code"})
_TEXT_KEYS = frozenset({"errormessage", "reason", "failurereason", "message"})


# ---------------------------------------------------------------------- keys


def task_ref(backend_name: str, job_id: str, created_at: datetime | None = None) -> ObjectId:
    """A job: its id may be used again after deletion, so its creation time is its generation."""
    return ObjectId(Kind.TASK, backend_name, (job_id,), generation_of(created_at))


def execution_ref(
    backend_name: str, thing_name: str, job_id: str, number: int, queued_at: datetime | None = None
) -> ObjectId:
    """An execution: its number may be used again, so the time it was queued is its generation."""
    key = (thing_name, job_id, str(number))
    return ObjectId(Kind.EXECUTION, backend_name, key, generation_of(queued_at))


def package_ref(
    backend_name: str, package_name: str, version_name: str, created_at: datetime | None = None
) -> ObjectId:
    """A package version."""
    return ObjectId(Kind.PACKAGE, backend_name, (package_name, version_name), generation_of(created_at))


def thing_name_of(arn: str) -> str:
    """The thing's name: all that follows `:thing/`, since names may hold colons."""
    return arn.partition(":thing/")[2] or arn


# ---------------------------------------------------------------------- tasks


def task_from_summary(reading: Reading, job: JobSummary, raw: bytes) -> Task:
    """A row of ListJobs. Only a COMPLETED job needs its counters for an outcome."""
    task = _task(reading, job, raw)
    if task.status is _COMPLETED:
        task.lacks = _ENDED_LIST_LACKS
        return task
    task.lacks = _TASK_LIST_LACKS
    if task.status is _CANCELED:
        task.outcome, task.outcome_source = TaskOutcome.CANCELED, Source.DERIVED
    return task


def task_from_job(reading: Reading, job: Job, raw: bytes) -> Task:
    """A described job, whole."""
    task = _task(reading, job, raw)
    task.description = job.description
    packages = packages_of(reading.backend, job)
    task.package_ref = packages[0] if packages else None
    task.other_package_refs = packages[1:]
    task.execution_counts = _counts(job.job_process_details)
    task.outcome = derived_outcome(task.status, task.execution_counts)
    task.outcome_source = None if task.outcome is None else Source.DERIVED
    task.vendor_details = AwsIotJobDetails(
        job_arn=job.job_arn or "",
        target_selection=job.target_selection,
        targets=job.targets or [],
        is_concurrent=job.is_concurrent,
        comment=job.comment,
        reason_code=job.reason_code,
    )
    return task


def _task(reading: Reading, job: JobSummary, raw: bytes) -> Task:
    backend, job_id = reading.backend, job.job_id
    ref, global_id, printed, created_at = _job_identity(backend.name, job_id, job.created_at)
    status = TASK_STATUSES.read(job.status)
    if status is _CANCELED and job.is_concurrent:
        # CancelJob answers at once; executions are still being cancelled while isConcurrent is true.
        status = TaskStatus.CANCELING
    # By position what each has: a list holds a thousand rows, and names cost half of what making one costs.
    return Task(
        ref,
        global_id,
        job_id,
        job_id,
        backend,
        status,
        job.status or "",
        reading.observed_at,
        printed,
        created_at=created_at,
        ended_at=from_epoch(job.completed_at),
        updated_at=from_epoch(job.last_updated_at),
        raw=raw,
    )


@lru_cache(maxsize=REMEMBERED)
def _job_identity(backend_name: str, job_id: str, created_at: Time) -> Identity:
    began = from_epoch(created_at)
    return identity(task_ref(backend_name, job_id, began), began=began)


def packages_of(backend: Backend, job: Job) -> tuple[ObjectId, ...]:
    """The package versions a job installs. Their creation times are not known from it."""
    found = (_PACKAGE_VERSION_ARN.fullmatch(arn) for arn in job.destination_package_versions or ())
    return tuple(package_ref(backend.name, match[1], match[2]) for match in found if match)


def _counts(details: JobProcessDetails | None) -> ExecutionCounts | None:
    if details is None:
        return None
    counters = {
        ExecutionStatus.QUEUED: details.number_of_queued_things,
        ExecutionStatus.IN_PROGRESS: details.number_of_in_progress_things,
        ExecutionStatus.SUCCEEDED: details.number_of_succeeded_things,
        ExecutionStatus.FAILED: details.number_of_failed_things,
        ExecutionStatus.TIMED_OUT: details.number_of_timed_out_things,
        ExecutionStatus.REJECTED: details.number_of_rejected_things,
        ExecutionStatus.REMOVED: details.number_of_removed_things,
        ExecutionStatus.CANCELED: details.number_of_canceled_things,
    }
    return execution_counts(counters)


# ---------------------------------------------------------------------- executions


def execution_from_summary(
    reading: Reading, thing_name: str, job_id: str, summary: ExecutionSummary, raw: bytes
) -> Execution:
    """A row of either list. It has no version, and of a failure only the status."""
    execution = _execution(reading, thing_name, job_id, summary, raw)
    execution.lacks = _FAILED_LIST_LACKS if execution.status in _FAILED else _EXECUTION_LIST_LACKS
    return execution


def execution_from_description(
    reading: Reading, thing_name: str, job_id: str, found: JobExecution, raw: bytes
) -> Execution:
    """A described execution, whole."""
    execution = _execution(reading, thing_name, job_id, found, raw)
    execution.version = found.version_number
    reported = found.status_details.details_map if found.status_details is not None else None
    execution.failure = _failure(execution.status, reported or {})
    return execution


def _execution(
    reading: Reading, thing_name: str, job_id: str, found: ExecutionSummary | JobExecution, raw: bytes
) -> Execution:
    backend = reading.backend
    ref, global_id, printed, queued_at = _execution_identity(
        backend.name, thing_name, job_id, found.execution_number, found.queued_at
    )
    return Execution(
        ref=ref,
        id=global_id,
        task_ref=task_ref(backend.name, job_id),
        device=device(backend, thing_name),
        backend=backend,
        status=EXECUTION_STATUSES.read(found.status),
        vendor_status=found.status or "",
        observed_at=reading.observed_at,
        fingerprint=printed,
        attempt=count_of(found.execution_number),
        queued_at=queued_at,
        started_at=from_epoch(found.started_at),
        updated_at=from_epoch(found.last_updated_at),
        raw=raw,
    )


@lru_cache(maxsize=REMEMBERED)
def _execution_identity(backend_name: str, thing_name: str, job_id: str, number: int, queued_at: Time) -> Identity:
    began = from_epoch(queued_at)
    return identity(execution_ref(backend_name, thing_name, job_id, number, began), began=began)


def _failure(status: ExecutionStatus, reported: Mapping[str, object]) -> Failure | None:
    if status not in _FAILED:
        return None
    plain = {
        key.replace("_", "").replace("-", "").lower(): value
        for key, value in reported.items()
        if isinstance(value, str) and value
    }
    code = next((plain[key] for key in sorted(_CODE_KEYS) if key in plain), None)
    text = next((plain[key] for key in sorted(_TEXT_KEYS) if key in plain), None)
    if status is ExecutionStatus.TIMED_OUT:
        reason = FailureReason.TIMEOUT
    elif status is ExecutionStatus.REJECTED:
        reason = FailureReason.DEVICE_REJECTED
    else:
        reason = FailureReason.VENDOR if code or text else FailureReason.UNKNOWN
    return Failure(reason=reason, vendor_code=code, vendor_message=text)


# ---------------------------------------------------------------------- packages


def package_from_summary(
    reading: Reading, package_name: str, default_version: str | None, found: PackageVersionSummary, raw: bytes
) -> Package:
    """A row of ListPackageVersions. Its details already say whether it is the default; attributes are lacking."""
    package = _package(reading, package_name, default_version, found, raw)
    package.lacks = _PACKAGE_LIST_LACKS
    return package


def package_from_version(
    reading: Reading, package_name: str, default_version: str | None, found: PackageVersion, raw: bytes
) -> Package:
    """A described package version, whole."""
    package = _package(reading, package_name, default_version, found, raw)
    package.description = found.description
    package.vendor_details = AwsIotPackageVersionDetails(
        package_name=package_name,
        version_name=found.version_name,
        is_default=found.version_name == default_version,
        attributes=None if found.attributes is None else JsonValue(found.attributes),
    )
    return package


def _package(
    reading: Reading, package_name: str, default_version: str | None, found: PackageVersionSummary, raw: bytes
) -> Package:
    ref, global_id, printed, created_at = _package_identity(
        reading.backend.name, package_name, found.version_name, found.creation_date
    )
    return Package(
        ref=ref,
        id=global_id,
        native_id=f"{package_name}/{found.version_name}",
        name=package_name,
        backend=reading.backend,
        kind=PackageKind.SOFTWARE,
        observed_at=reading.observed_at,
        fingerprint=printed,
        version=found.version_name,
        status=PACKAGE_STATUSES.read(found.status),
        vendor_status=found.status,
        created_at=created_at,
        updated_at=from_epoch(found.last_modified_date),
        vendor_details=AwsIotPackageVersionDetails(
            package_name=package_name,
            version_name=found.version_name,
            is_default=found.version_name == default_version,
        ),
        raw=raw,
    )


@lru_cache(maxsize=REMEMBERED)
def _package_identity(backend_name: str, package_name: str, version_name: str, created_at: Time) -> Identity:
    began = from_epoch(created_at)
    return identity(package_ref(backend_name, package_name, version_name, began), began=began)
