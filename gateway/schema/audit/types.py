"""OtaAuditEntry and its connection."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from gateway.domain.audit import AuditEntry, AuditState
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome
from gateway.schema.connections import PageInfo
from gateway.schema.errors import shown_errors
from gateway.schema.node import Node
from gateway.schema.shows import shows


@strawberry.type(description="One change that was asked for. It outlives the vendor's own deletion.")
class OtaAuditEntry(Node):
    """Over domain.audit.AuditEntry."""

    is_type_of = shows(AuditEntry)
    at: datetime = strawberry.field(description="When it was asked for.")
    closed_at: datetime | None = strawberry.field(description="When its result was known.")
    state: AuditState = strawberry.field(description="Whether its result is known.")
    actor: str = strawberry.field(description="Who asked.")
    operation: Operation = strawberry.field(description="What was asked for.")
    backend: str = strawberry.field(description="The backend's name; it may be configured no more.")
    targets: list[str] = strawberry.field(description="What it was asked of, as it was given.")
    outcome: MutationOutcome | None = strawberry.field(description="What became of it; null while OPEN.")
    reason: str | None = strawberry.field(description="Why, in the caller's words.")
    idempotency_key: str | None = strawberry.field(description="The caller's key.")
    before: JSON | None = strawberry.field(description="The object as the gateway read it before.")
    after: JSON | None = strawberry.field(description="The object as the gateway read it after.")
    vendor_request_ids: list[str] = strawberry.field(description="The vendor's ids of the requests, for its support.")
    errors = shown_errors("Why it was refused or failed.")


@strawberry.type(description="A row and its cursor.")
class OtaAuditEntryEdge:
    """Over services.connection.Edge."""

    cursor: str = strawberry.field(description="Go on behind this row with it.")
    node: OtaAuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of the audit.")
class OtaAuditEntryConnection:
    """Over services.connection.Connection, whose backends are not shown: the ledger is one."""

    edges: list[OtaAuditEntryEdge] = strawberry.field(description="The rows with their cursors.")
    nodes: list[OtaAuditEntry] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
