"""Errors and results as plain data that JSON can hold, and back: for the ledger, whose entries outlive the process."""

from typing import Any

from gateway.domain import errors
from gateway.domain.errors import ErrorCode, GatewayError
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview, TargetResult
from gateway.domain.statuses import ExecutionStatus

_ERROR_TYPES: dict[str, type[GatewayError]] = {
    kind.__name__: kind
    for kind in (
        errors.InvalidInput,
        errors.NotFound,
        errors.PermissionDenied,
        errors.UnsupportedByVendor,
        errors.InvalidState,
        errors.InUse,
        errors.GenerationChanged,
        errors.Conflict,
        errors.Throttled,
        errors.BackendUnavailable,
        errors.VendorRejected,
        errors.OutcomeUnknown,
    )
}
_WITH_CODE = (errors.Conflict, errors.BackendUnavailable)


def error_to_record(error: GatewayError) -> dict[str, Any]:
    """An error as data; `type` names its class."""
    members = {name: value for name, value in vars(error).items() if name != "code"}
    if isinstance(error, errors.UnsupportedByVendor):
        members["operation"] = error.operation.value
        members["alternatives"] = [operation.value for operation in error.alternatives]
    if isinstance(error, _WITH_CODE):
        members["code"] = error.code.value
    kind = next(known.__name__ for known in type(error).__mro__ if known.__name__ in _ERROR_TYPES)
    return {"type": kind, **members}


def error_from_record(record: dict[str, Any]) -> GatewayError:
    """The error that `error_to_record` made data of."""
    members = dict(record)
    kind = _ERROR_TYPES[members.pop("type")]
    message = members.pop("message")
    if kind is errors.UnsupportedByVendor:
        members["operation"] = Operation(members["operation"])
        members["alternatives"] = [Operation(name) for name in members["alternatives"]]
    if kind in _WITH_CODE:
        members["code"] = ErrorCode(members["code"])
    return kind(message, **members)


def result_to_record(result: MutationResult) -> dict[str, Any]:
    """A result as data, for replay: objects are kept by id."""
    return {
        "outcome": result.outcome.value,
        "task_id": result.task_id or (result.task.id if result.task else None),
        "deleted_id": result.deleted_id,
        "results": [_target_to_record(one) for one in result.results],
        "preview": _preview_to_record(result.preview) if result.preview else None,
        "errors": [error_to_record(error) for error in result.errors],
    }


def result_from_record(record: dict[str, Any], audit_entry_id: str) -> MutationResult:
    """The result that `result_to_record` made data of; the objects it shows are to be read again by id."""
    preview = record["preview"]
    return MutationResult(
        outcome=MutationOutcome(record["outcome"]),
        task_id=record["task_id"],
        deleted_id=record["deleted_id"],
        results=[_target_from_record(one) for one in record["results"]],
        preview=_preview_from_record(preview) if preview else None,
        errors=[error_from_record(error) for error in record["errors"]],
        audit_entry_id=audit_entry_id,
    )


def _target_to_record(one: TargetResult) -> dict[str, Any]:
    return {
        "target": one.target,
        "outcome": one.outcome.value,
        "device_name": one.device_name,
        "execution_id": one.execution_id or (one.execution.id if one.execution else None),
        "status_before": one.status_before.value if one.status_before else None,
        "vendor_status_before": one.vendor_status_before,
        "error": error_to_record(one.error) if one.error else None,
    }


def _target_from_record(record: dict[str, Any]) -> TargetResult:
    return TargetResult(
        target=record["target"],
        outcome=MutationOutcome(record["outcome"]),
        device_name=record["device_name"],
        execution_id=record["execution_id"],
        status_before=ExecutionStatus(record["status_before"]) if record["status_before"] else None,
        vendor_status_before=record["vendor_status_before"],
        error=error_from_record(record["error"]) if record["error"] else None,
    )


def _preview_to_record(preview: Preview) -> dict[str, Any]:
    return {
        "affected": list(preview.affected),
        "would_refuse": [error_to_record(error) for error in preview.would_refuse],
        "side_effects": list(preview.side_effects),
    }


def _preview_from_record(record: dict[str, Any]) -> Preview:
    return Preview(
        affected=record["affected"],
        would_refuse=[error_from_record(error) for error in record["would_refuse"]],
        side_effects=record["side_effects"],
    )
