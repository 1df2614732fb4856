"""Audit entries as lines of text. Columns keep their names and order; new ones come last."""

import csv
import json
from collections.abc import Callable
from typing import Any, TextIO

from gateway.domain.audit import AuditEntry
from gateway.domain.errors import GatewayError

COLUMNS = (
    "id", "at", "closedAt", "state", "actor", "operation", "backend", "targets", "outcome", "reason", "idempotencyKey",
    "before", "after", "vendorRequestIds", "errors",
)  # fmt: skip
# A spreadsheet takes what begins with one of these for a formula, and may run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def written(form: str, lines: TextIO) -> Callable[[AuditEntry], None]:
    """What writes entries in that form, `ndjson` or `csv`."""
    if form == "ndjson":
        return lambda entry: _write_line(lines, entry)
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    return lambda entry: table.writerow([_cell(member) for member in _members(entry).values()])


def _write_line(lines: TextIO, entry: AuditEntry) -> None:
    lines.write(json.dumps(_members(entry)) + "\n")


def _cell(member: Any) -> str:
    if member is None:
        return ""
    text = member if isinstance(member, str) else json.dumps(member)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _members(entry: AuditEntry) -> dict[str, Any]:
    values = (
        entry.id,
        entry.at.isoformat(),
        None if entry.closed_at is None else entry.closed_at.isoformat(),
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
