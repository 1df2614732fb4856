"""Tasks and executions as rows. Columns keep their names and order; new ones come last. See docs/export.md."""

from collections.abc import Mapping
from typing import Any

from gateway.cli.row_formats import moment
from gateway.domain.execution import Execution
from gateway.domain.ids import encode
from gateway.domain.task import ExecutionCounts, Progress, Task

TASK_COLUMNS = (
    "id", "backend", "vendor", "nativeId", "name", "status", "vendorStatus", "outcome", "outcomeSource", "description",
    "packageId", "progressPercent", "progressSource", "executionsTotal", "executionsByStatus", "createdAt", "startedAt",
    "endedAt", "updatedAt", "observedAt", "fingerprint", "notListed",
)  # fmt: skip
EXECUTION_COLUMNS = (
    "id", "backend", "vendor", "taskId", "taskName", "deviceName", "productKey", "status", "vendorStatus", "phase",
    "attempt", "progressPercent", "progressSource", "failureReason", "failureVendorCode", "failureVendorMessage",
    "queuedAt", "startedAt", "endedAt", "updatedAt", "observedAt", "fingerprint", "notListed",
)  # fmt: skip
_NO_PROGRESS = {"progressPercent": None, "progressSource": None}
# Which columns an attribute that a row lacks would fill.
_FILLED_BY: Mapping[str, tuple[str, ...]] = {
    "description": ("description",),
    "outcome": ("outcome",),
    "outcome_source": ("outcomeSource",),
    "package": ("packageId",),
    "package_ref": ("packageId",),
    "progress": ("progressPercent", "progressSource"),
    "execution_counts": ("executionsTotal", "executionsByStatus"),
    "phase": ("phase",),
    "attempt": ("attempt",),
    "failure": ("failureReason", "failureVendorCode", "failureVendorMessage"),
    "created_at": ("createdAt",),
    "queued_at": ("queuedAt",),
    "started_at": ("startedAt",),
    "ended_at": ("endedAt",),
    "updated_at": ("updatedAt",),
}


def task_members(task: Task) -> dict[str, Any]:
    """A task, column by column."""
    return {
        "id": task.id,
        "backend": task.backend.name,
        "vendor": task.backend.vendor,
        "nativeId": task.native_id,
        "name": task.name,
        "status": task.status.value,
        "vendorStatus": task.vendor_status,
        "outcome": _word(task.outcome),
        "outcomeSource": _word(task.outcome_source),
        "description": task.description,
        "packageId": _package_id(task),
        **_progress(task.progress),
        **_counts(task.execution_counts),
        "createdAt": moment(task.created_at),
        "startedAt": moment(task.started_at),
        "endedAt": moment(task.ended_at),
        "updatedAt": moment(task.updated_at),
        "observedAt": moment(task.observed_at),
        "fingerprint": task.fingerprint,
        "notListed": _not_listed(task.lacks),
    }


def execution_members(task: Task, execution: Execution) -> dict[str, Any]:
    """An execution of a task, column by column."""
    failure = execution.failure
    return {
        "id": execution.id,
        "backend": execution.backend.name,
        "vendor": execution.backend.vendor,
        "taskId": task.id,
        "taskName": task.name,
        "deviceName": execution.device.name,
        "productKey": execution.device.product_key,
        "status": execution.status.value,
        "vendorStatus": execution.vendor_status,
        "phase": _word(execution.phase),
        "attempt": execution.attempt,
        **_progress(execution.progress),
        "failureReason": None if failure is None else failure.reason.value,
        "failureVendorCode": None if failure is None else failure.vendor_code,
        "failureVendorMessage": None if failure is None else failure.vendor_message,
        "queuedAt": moment(execution.queued_at),
        "startedAt": moment(execution.started_at),
        "endedAt": moment(execution.ended_at),
        "updatedAt": moment(execution.updated_at),
        "observedAt": moment(execution.observed_at),
        "fingerprint": execution.fingerprint,
        "notListed": _not_listed(execution.lacks),
    }


def _word(member: Any) -> str | None:
    return None if member is None else str(member.value)


def _package_id(task: Task) -> str | None:
    if task.package is not None:
        return task.package.id
    return None if task.package_ref is None else encode(task.package_ref)


def _progress(progress: Progress | None) -> dict[str, Any]:
    if progress is None:
        return _NO_PROGRESS
    return {"progressPercent": progress.percent, "progressSource": progress.source.value}


def _counts(counts: ExecutionCounts | None) -> dict[str, Any]:
    if counts is None:
        return {"executionsTotal": None, "executionsByStatus": None}
    by_status = {one.status.value: one.count for one in counts.by_status}
    return {"executionsTotal": counts.total, "executionsByStatus": by_status}


def _not_listed(lacks: frozenset[str]) -> list[str]:
    return sorted({column for attribute in lacks for column in _FILLED_BY.get(attribute, ())})
