"""Audit entries: who asked for what, and what became of it. They outlive the vendor's own deletion."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.errors import GatewayError
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome


class AuditState(StrEnum):
    """OPEN: written before the vendor was called, result not yet known."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be done. `input_digest` tells two uses of one idempotency key apart."""

    actor: str
    operation: Operation
    backend: str
    targets: Sequence[str]
    reason: str | None = None
    idempotency_key: str | None = None
    input_digest: str = ""
    before: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedCall:
    """A call that changes something, written down right before it was sent: it may have reached the vendor.

    `objects` holds, by target as it was given, what the call was for, as it was read just before. `wanted` is what
    else tells afterwards whether it was carried out, such as a new description.
    """

    at: datetime
    objects: dict[str, list[dict[str, Any]]]
    wanted: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class AuditEntry:
    """One entry. `before` and `after` hold the object as the gateway read it, as plain data."""

    id: str
    at: datetime
    state: AuditState
    actor: str
    operation: Operation
    backend: str
    targets: list[str]
    closed_at: datetime | None = None
    outcome: MutationOutcome | None = None
    reason: str | None = None
    idempotency_key: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    vendor_request_ids: list[str] = field(default_factory=list)
    errors: list[GatewayError] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; an empty member lets everything through. `target` is one target exactly as it was given."""

    backends: Sequence[str] | None = None
    actor: str | None = None
    operations: Sequence[Operation] | None = None
    outcomes: Sequence[MutationOutcome] | None = None
    target: str | None = None
    after: datetime | None = None
    before: datetime | None = None
