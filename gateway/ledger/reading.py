"""Reading entries: which rows a filter means, with their targets and calls, in pages or all of them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.audit import AuditEntry, AuditFilter, AuditState, NotedCall
from gateway.ledger import tables
from gateway.ledger.rows import digest, entry_from_row, require_storable
from gateway.ledger.store import Store

_EXPORT_PAGE = 500


class AuditReadings(Store):
    """What is read of the audit. Every method may raise BackendUnavailable(LEDGER_UNAVAILABLE)."""

    async def entries(
        self, wanted: AuditFilter, *, first: int, after: tuple[datetime, str] | None = None
    ) -> list[AuditEntry]:
        """Up to `first` entries, newest first, ties by id; `after` is (at, id) of the last one seen.

        The filter's `after` is included and its `before` is not, so that adjoining spans share nothing and miss
        nothing. Raises InvalidInput for text that no entry can hold.
        """
        query = _filtered(wanted).order_by(tables.entries.c.at.desc(), tables.entries.c.id.desc()).limit(first)
        if after is not None:
            query = query.where(tuple_(tables.entries.c.at, tables.entries.c.id) < after)
        return await self._read_entries(query)

    async def every_entry(self, wanted: AuditFilter) -> AsyncIterator[AuditEntry]:
        """All entries that the filter lets through, oldest first, ties by id, read page by page."""
        order = (tables.entries.c.at, tables.entries.c.id)
        query = _filtered(wanted).order_by(*order).limit(_EXPORT_PAGE)
        page = await self._read_entries(query)
        while page:
            for entry in page:
                yield entry
            last = (page[-1].at, page[-1].id)
            page = await self._read_entries(query.where(tuple_(*order) > last)) if len(page) == _EXPORT_PAGE else []

    async def entry(self, entry_id: str) -> AuditEntry | None:
        """One entry, or None when there is none with this id."""
        found = await self._read_entries(select(tables.entries).where(tables.entries.c.id == entry_id))
        return found[0] if found else None

    async def open_entries(self) -> list[AuditEntry]:
        """Every entry whose outcome was never written, oldest first."""
        is_open = tables.entries.c.state == AuditState.OPEN.value
        return await self._read_entries(
            select(tables.entries).where(is_open).order_by(tables.entries.c.at, tables.entries.c.id)
        )

    async def left_open(self, entry_ids: Sequence[str]) -> list[tuple[AuditEntry, list[NotedCall]]]:
        """Those of the entries that are open still, each with the calls that were about to be sent for it."""
        wanted = select(tables.entries).where(
            tables.entries.c.id.in_(entry_ids), tables.entries.c.state == AuditState.OPEN.value
        )
        entries = await self._read_entries(wanted.order_by(tables.entries.c.at, tables.entries.c.id))
        async with self._reading() as connection:
            calls = await _noted_calls(connection, [entry.id for entry in entries])
        return [(entry, calls[entry.id]) for entry in entries]

    async def _read_entries(self, query: Select[Any]) -> list[AuditEntry]:
        async with self._reading() as connection:
            found = await _rows_with_targets(connection, query)
        return [self._entry(row, targets) for row, targets in found]

    def _entry(self, row: Row[*tuple[Any, ...]], targets: list[str]) -> AuditEntry:
        try:
            return entry_from_row(row, targets)
        except (KeyError, TypeError, ValueError) as odd:
            raise self._unreadable(row.id) from odd


async def _rows_with_targets(
    connection: AsyncConnection, query: Select[Any]
) -> list[tuple[Row[*tuple[Any, ...]], list[str]]]:
    """The rows of a query for entries, each with the targets as they were given."""
    rows = (await connection.execute(query)).all()
    targets: dict[str, list[str]] = {row.id: [] for row in rows}
    theirs = (
        select(tables.targets.c.entry_id, tables.targets.c.target)
        .where(tables.targets.c.entry_id.in_(targets))
        .order_by(tables.targets.c.entry_id, tables.targets.c.position)
    )
    for entry_id, target in (await connection.execute(theirs)).all() if rows else ():
        targets[entry_id].append(target)
    return [(row, targets[row.id]) for row in rows]


async def _noted_calls(connection: AsyncConnection, entry_ids: Sequence[str]) -> dict[str, list[NotedCall]]:
    """What was about to be sent for each of these entries, in order."""
    calls: dict[str, list[NotedCall]] = {entry_id: [] for entry_id in entry_ids}
    noted = (
        select(tables.calls)
        .where(tables.calls.c.entry_id.in_(calls))
        .order_by(tables.calls.c.entry_id, tables.calls.c.number)
    )
    for row in (await connection.execute(noted)).all() if calls else ():
        calls[row.entry_id].append(NotedCall(at=row.at, objects=row.objects, wanted=row.wanted))
    return calls


def _filtered(wanted: AuditFilter) -> Select[Any]:
    """The entries that a filter lets through. Raises InvalidInput for text that no entry can hold."""
    require_storable(("filter", "backends"), wanted.backends or ())
    require_storable(("filter", "actor"), [wanted.actor])
    require_storable(("filter", "target"), [wanted.target])
    entries = tables.entries.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.backends:
        conditions.append(entries.backend.in_(wanted.backends))
    if wanted.actor:
        conditions.append(entries.actor == wanted.actor)
    if wanted.operations:
        conditions.append(entries.operation.in_([operation.value for operation in wanted.operations]))
    if wanted.outcomes:
        conditions.append(entries.outcome.in_([outcome.value for outcome in wanted.outcomes]))
    if wanted.target:
        with_target = select(tables.targets.c.entry_id).where(
            tables.targets.c.digest == digest(wanted.target), tables.targets.c.target == wanted.target
        )
        conditions.append(entries.id.in_(with_target))
    if wanted.after is not None:
        conditions.append(entries.at >= wanted.after)
    if wanted.before is not None:
        conditions.append(entries.at < wanted.before)
    return select(tables.entries).where(*conditions)
