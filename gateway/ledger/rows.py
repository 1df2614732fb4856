"""Between the ledger's rows and the domain's objects."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Row

from gateway.domain.audit import AuditEntry, AuditState
from gateway.domain.errors import GatewayError, InvalidInput
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome
from gateway.domain.records import error_from_record

_STORABLE = "text without NUL characters and lone surrogates"


def new_entry_id(at: datetime) -> str:
    """An id whose key sorts by time: microseconds since the epoch, then 64 random bits, in hexadecimal."""
    microseconds = round(at.timestamp() * 1_000_000)
    return str(ObjectId(Kind.AUDIT, "ledger", (f"{microseconds:016x}{token_hex(8)}",)))


def digest(*parts: str) -> str:
    """One fixed-length name for several texts. Their lengths go in, so that ("ab", "c") is not ("a", "bc")."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def require_storable(path: Sequence[str], values: Iterable[str | None]) -> None:
    """Raise InvalidInput for text that PostgreSQL cannot hold; SQLite is held to the same."""
    for value in values:
        if value is not None and ("\0" in value or any("\ud800" <= character <= "\udfff" for character in value)):
            raise InvalidInput(f"{path[-1]} cannot be recorded. Expected {_STORABLE}.", path=path, rule=_STORABLE)


def to_json(value: Any) -> str:
    """JSON that both databases take.

    An audit must not be lost to one odd member once the vendor has acted: numbers that JSON lacks (a wait of infinity)
    become null, and objects that are no plain data become their text.
    """
    try:
        return json.dumps(value, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _finite(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return value


def key_to_text(key: Sequence[str]) -> str:
    """A native key as one text; the parts are escaped, so it reads back exactly."""
    return "/".join(quote(part, safe="") for part in key)


def key_from_text(text: str) -> tuple[str, ...]:
    """The key that `key_to_text` made text of."""
    return tuple(unquote(part) for part in text.split("/"))


def entry_from_row(row: Row[*tuple[Any, ...]], targets: list[str]) -> AuditEntry:
    """One audit entry. Raises ValueError, KeyError or TypeError when the row was not written by this code."""
    return AuditEntry(
        id=row.id,
        at=row.at,
        state=AuditState(row.state),
        actor=row.actor,
        operation=Operation(row.operation),
        backend=row.backend,
        targets=targets,
        closed_at=row.closed_at,
        outcome=MutationOutcome(row.outcome) if row.outcome else None,
        reason=row.reason,
        idempotency_key=row.idempotency_key,
        before=row.before,
        after=row.after,
        vendor_request_ids=row.vendor_request_ids or [],
        errors=_errors_of(row.result) if row.result else [],
    )


def _errors_of(result: dict[str, Any]) -> list[GatewayError]:
    """The errors of the whole change, then those of single targets, each naming its target."""
    whole = result["errors"]
    single = [
        {**one["error"], "target": one["error"]["target"] or one["target"]}
        for one in result["results"]
        if one["error"] and one["error"] not in whole
    ]
    return [error_from_record(record) for record in [*whole, *single]]
