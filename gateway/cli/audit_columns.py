"""Audit entries as rows. Columns keep their names and order; new ones come last."""

from typing import Any

from gateway.cli.row_formats import moment
from gateway.domain.audit import AuditEntry
from gateway.domain.errors import GatewayError

COLUMNS = (
    "id", "at", "closedAt", "state", "actor", "operation", "backend", "targets", "outcome", "reason", "idempotencyKey",
    "before", "after", "vendorRequestIds", "errors",
)  # fmt: skip


def members(entry: AuditEntry) -> dict[str, Any]:
    """One entry, column by column."""
    values = (
        entry.id,
        moment(entry.at),
        moment(entry.closed_at),
        entry.state.value,
        entry.actor,
        entry.operation.value,
        entry.backend,
        entry.targets,
        None if entry.outcome is None else entry.outcome.value,
        entry.reason,
        entry.idempotency_key,
        entry.before,
        entry.after,
        entry.vendor_request_ids,
        [_error(error) for error in entry.errors],
    )
    return dict(zip(COLUMNS, values, strict=True))


def _error(error: GatewayError) -> dict[str, Any]:
    return {
        "code": error.code.value,
        "message": error.message,
        "target": error.target,
        "backend": error.backend,
        "retryable": error.retryable,
    }
