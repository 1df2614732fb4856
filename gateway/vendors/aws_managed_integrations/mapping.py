"""Managed integrations' objects in neutral words. Pure functions: no call, no clock."""

from collections.abc import Mapping
from functools import lru_cache

from gateway.domain.device import device
from gateway.domain.execution import Execution, Failure
from gateway.domain.fingerprint import fingerprint
from gateway.domain.ids import Kind, ObjectId, encode, generation_of
from gateway.domain.package import Package
from gateway.domain.statuses import (
    ExecutionStatus,
    FailureReason,
    PackageKind,
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
from gateway.vendors.aws_managed_integrations.details import (
    AwsManagedIntegrationsPackageDetails,
    AwsManagedIntegrationsTaskDetails,
)
from gateway.vendors.aws_managed_integrations.wire import OtaTask, OtaTaskExecution, OtaTaskSummary, Time

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

# The service says no more of a failed device than its status.
_FAILURES = {
    ExecutionStatus.FAILED: FailureReason.UNKNOWN,
    ExecutionStatus.TIMED_OUT: FailureReason.TIMEOUT,
    ExecutionStatus.REJECTED: FailureReason.DEVICE_REJECTED,
}
_COUNTERS = {
    "numberofqueuedthings": ExecutionStatus.QUEUED,
    "numberofinprogressthings": ExecutionStatus.IN_PROGRESS,
    "numberofsucceededthings": ExecutionStatus.SUCCEEDED,
    "numberoffailedthings": ExecutionStatus.FAILED,
    "numberoftimedoutthings": ExecutionStatus.TIMED_OUT,
    "numberofrejectedthings": ExecutionStatus.REJECTED,
    "numberofremovedthings": ExecutionStatus.REMOVED,
    "numberofcanceledthings": ExecutionStatus.CANCELED,
}
_LIST_LACKS = frozenset({"description", "package", "execution_counts", "vendor_details"})
_ENDED_LIST_LACKS = _LIST_LACKS | {"outcome", "outcome_source"}


# ---------------------------------------------------------------------- keys


def task_ref(backend_name: str, task_id: str) -> ObjectId:
    """A task. The service makes the id and does not use it again, so it needs no generation."""
    return ObjectId(Kind.TASK, backend_name, (task_id,))


def thing_id_of(name: str) -> str:
    """The managed thing's id: executions report it bare, targets as an ARN that ends in it."""
    return name.rpartition(":managed-thing/")[2]


# ---------------------------------------------------------------------- tasks


def task_from_summary(reading: Reading, found: OtaTaskSummary, raw: bytes) -> Task:
    """A row of ListOtaTasks. Only a COMPLETED task needs its counters for an outcome."""
    task = _task(reading, found, raw)
    if task.status is TaskStatus.CANCELED:
        task.outcome, task.outcome_source = TaskOutcome.CANCELED, Source.DERIVED
    task.lacks = _ENDED_LIST_LACKS if task.status is TaskStatus.COMPLETED else _LIST_LACKS
    return task


def task_from_answer(reading: Reading, found: OtaTask, raw: bytes) -> Task:
    """A task as GetOtaTask shows it, whole."""
    task = _task(reading, found, raw)
    task.description = found.description
    task.package = package_of(reading, found, raw)
    if found.task_processing_details is not None:
        task.execution_counts = _counts(found.task_processing_details)
    task.outcome = derived_outcome(task.status, task.execution_counts)
    task.outcome_source = None if task.outcome is None else Source.DERIVED
    task.vendor_details = AwsManagedIntegrationsTaskDetails(
        task_arn=found.task_arn or "",
        s3_url=found.s3_url,
        ota_type=found.ota_type,
        protocol=found.protocol,
        ota_mechanism=found.ota_mechanism,
        task_configuration_id=found.task_configuration_id,
        target=found.target or [],
    )
    return task


def _task(reading: Reading, found: OtaTaskSummary, raw: bytes) -> Task:
    ref, global_id, printed, _ = _task_identity(reading.backend.name, found.task_id)
    return Task(
        ref=ref,
        id=global_id,
        native_id=found.task_id,
        name=found.task_id,
        backend=reading.backend,
        status=TASK_STATUSES.read(found.status),
        vendor_status=found.status or "",
        observed_at=reading.observed_at,
        fingerprint=printed,
        created_at=from_epoch(found.created_at),
        updated_at=from_epoch(found.last_updated_at),
        raw=raw,
    )


@lru_cache(maxsize=REMEMBERED)
def _task_identity(backend_name: str, task_id: str) -> Identity:
    return identity(task_ref(backend_name, task_id))


def _counts(details: Mapping[str, object]) -> ExecutionCounts:
    given = {name.lower(): value for name, value in details.items()}
    return execution_counts({status: given.get(name) for name, status in _COUNTERS.items()})


# ---------------------------------------------------------------------- packages


def package_of(reading: Reading, found: OtaTask, raw: bytes) -> Package | None:
    """The file of a task as a package of that task. The service has no packages of its own."""
    if not found.s3_url:
        return None
    ref = ObjectId(Kind.PACKAGE, reading.backend.name, (found.task_id, found.s3_url))
    return Package(
        ref=ref,
        id=encode(ref),
        native_id=found.s3_url,
        name=found.s3_url,
        backend=reading.backend,
        kind=PackageKind.OTHER,
        observed_at=reading.observed_at,
        fingerprint=fingerprint(ref),
        vendor_details=AwsManagedIntegrationsPackageDetails(s3_url=found.s3_url),
        raw=raw,
    )


# ---------------------------------------------------------------------- executions


def execution(reading: Reading, task_id: str, found: OtaTaskExecution, raw: bytes) -> Execution:
    """A row of ListOtaTaskExecutions: all that the service says of an execution."""
    summary = found.task_execution_summary
    thing_id = thing_id_of(found.managed_thing_id)
    ref, global_id, printed, queued_at = _execution_identity(
        reading.backend.name, thing_id, task_id, summary.execution_number, summary.queued_at
    )
    status = EXECUTION_STATUSES.read(summary.status)
    reason = _FAILURES.get(status)
    return Execution(
        ref=ref,
        id=global_id,
        task_ref=task_ref(reading.backend.name, task_id),
        device=device(reading.backend, thing_id),
        backend=reading.backend,
        status=status,
        vendor_status=summary.status or "",
        observed_at=reading.observed_at,
        fingerprint=printed,
        attempt=count_of(summary.execution_number),
        failure=None if reason is None else Failure(reason=reason),
        queued_at=queued_at,
        started_at=from_epoch(summary.started_at),
        updated_at=from_epoch(summary.last_updated_at),
        raw=raw,
    )


@lru_cache(maxsize=REMEMBERED)
def _execution_identity(backend_name: str, thing_id: str, task_id: str, number: int, queued_at: Time) -> Identity:
    began = from_epoch(queued_at)
    key = (thing_id, task_id, str(number))
    return identity(ObjectId(Kind.EXECUTION, backend_name, key, generation_of(began)), began=began)
