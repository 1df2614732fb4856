"""Reading the audit."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.domain.audit import AuditEntry, AuditFilter
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome
from gateway.schema.audit.types import OtaAuditEntryConnection
from gateway.schema.connections import DEFAULT_FIRST, After, First, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.inputs import wanted
from gateway.services.connection import Connection


@strawberry.input(description="Which entries. What is left out or null lets everything through.")
class OtaAuditFilter:
    """Over domain.audit.AuditFilter."""

    backends: list[str] | None = strawberry.field(description="Only changes in these backends, by name.")
    actor: str | None = strawberry.field(description="Only what this one asked for.")
    operations: list[Operation] | None = strawberry.field(description="Only these operations.")
    outcomes: list[MutationOutcome] | None = strawberry.field(description="Only what ended in one of these.")
    target: str | None = strawberry.field(description="Only what was asked of this target, exactly as it was given.")
    after: datetime | None = strawberry.field(description="Only what was asked for after this moment.")
    before: datetime | None = strawberry.field(description="Only what was asked for before this moment.")


async def _audit_entries(
    info: RequestInfo,
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
    audit_filter: Annotated[
        OtaAuditFilter | None, strawberry.argument(name="filter", description="Which entries.")
    ] = strawberry.UNSET,
) -> Connection[AuditEntry]:
    """A page of the audit."""
    context = info.context
    chosen = wanted(AuditFilter, audit_filter) if audit_filter else AuditFilter()
    return await context.services.audit.list(context.caller, rows(first), cursor(after), chosen)


@strawberry.type
class AuditQueries:
    """The part of Query about the audit."""

    audit_entries = strawberry.field(
        resolver=_audit_entries,
        graphql_type=OtaAuditEntryConnection,
        description="Who asked for what, and what became of it; newest first.",
    )
