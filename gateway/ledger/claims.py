"""Idempotency keys: who holds one, and when it is free again.

A key is free after 24 hours, and at once when what it was used for was surely not done and may well succeed later.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.audit import AuditState
from gateway.domain.outcomes import MutationOutcome
from gateway.domain.records import result_from_record
from gateway.ledger import tables

KEY_LIFETIME = timedelta(hours=24)

_NOTHING_DONE = (
    MutationOutcome.REFUSED,
    MutationOutcome.FAILED,
    MutationOutcome.ALREADY_DONE,
    MutationOutcome.ALREADY_DELETED,
)


def insert_into(connection: AsyncConnection, table: Table) -> Any:
    """An insert that knows ON CONFLICT, spelled alike by both databases."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow to import, and never needed beside SQLite

    return postgresql.insert(table)


async def take(connection: AsyncConnection, claim: str, input_digest: str, at: datetime, entry_id: str) -> bool:
    """Take the key unless a claim of the last 24 hours holds it. One statement, so that of two only one succeeds."""
    values = {"input_digest": input_digest, "claimed_at": at, "entry_id": entry_id}
    taking = (
        insert_into(connection, tables.claims)
        .values(digest=claim, **values)
        .on_conflict_do_update(
            index_elements=[tables.claims.c.digest],
            set_=values,
            where=tables.claims.c.claimed_at < at - KEY_LIFETIME,
        )
        .returning(tables.claims.c.entry_id)
    )
    return (await connection.execute(taking)).first() is not None


async def take_over(connection: AsyncConnection, claim: str, former: str, at: datetime, entry_id: str) -> bool:
    """Take the key from the entry that holds it, unless somebody else just has."""
    taking = (
        update(tables.claims)
        .where(tables.claims.c.digest == claim, tables.claims.c.entry_id == former)
        .values(claimed_at=at, entry_id=entry_id)
    )
    return (await connection.execute(taking)).rowcount == 1


async def holder_of(connection: AsyncConnection, claim: str) -> Row[*tuple[Any, ...]]:
    """The entry that holds the key."""
    held = (
        select(
            tables.claims.c.input_digest,
            tables.claims.c.entry_id,
            tables.entries.c.state,
            tables.entries.c.result,
        )
        .join(tables.entries, tables.entries.c.id == tables.claims.c.entry_id)
        .where(tables.claims.c.digest == claim)
    )
    return (await connection.execute(held)).one()


def may_be_repeated(holder: Row[*tuple[Any, ...]]) -> bool:
    """Whether nothing was done under the key, for reasons that may pass. Raises what a strange record raises."""
    if holder.state == AuditState.OPEN.value:
        return False
    result = result_from_record(holder.result, holder.entry_id)
    if result.outcome not in (MutationOutcome.REFUSED, MutationOutcome.FAILED):
        return False
    errors = [*result.errors, *(one.error for one in result.results if one.error is not None)]
    return (
        bool(errors)
        and all(error.retryable for error in errors)
        and all(one.outcome in _NOTHING_DONE for one in result.results)
    )
