"""The ledger: the intent before the vendor is called, the result after it, and what must not be done twice.

SQLite serves one machine, PostgreSQL several. Every method may raise BackendUnavailable(LEDGER_UNAVAILABLE): the
database cannot be used, and its message says what to check. A change whose intent could not be written must not be
sent to a vendor.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, Row, Select, Table, or_, select, tuple_, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.domain.audit import AuditEntry, AuditFilter, AuditState, Intent
from gateway.domain.errors import Conflict, ErrorCode, NotFound
from gateway.domain.ids import Kind, ObjectId, same_generation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.domain.records import result_from_record, result_to_record
from gateway.ledger import tables
from gateway.ledger.connecting import POSTGRESQL, mark_writing
from gateway.ledger.faults import named_faults, unavailable, whereabouts
from gateway.ledger.reaching import reach
from gateway.ledger.rows import (
    digest,
    entry_from_row,
    key_from_text,
    key_to_text,
    new_entry_id,
    require_storable,
)
from gateway.ledger.upgrading import upgrade, verify

KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Started:
    """The intent is written under this entry; the vendor may be called."""

    entry_id: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The change was made before under the same idempotency key, with this result."""

    result: MutationResult


@dataclass(frozen=True, slots=True)
class Tombstone:
    """`ref` was deleted through this gateway. `at`: when its deletion was recorded, by the entry `entry_id`."""

    ref: ObjectId
    at: datetime
    entry_id: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """An open ledger. Safe to share between tasks; close it with `aclose`."""

    def __init__(self, engine: AsyncEngine, url: URL, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._url = url
        self._now = now
        # SQLite has one writer. Waiting here is fair and cheap; its own waiting is polling.
        self._write_turn: AbstractAsyncContextManager[Any] = (
            nullcontext() if url.drivername == POSTGRESQL else asyncio.Lock()
        )

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True, now: Callable[[], datetime] = _utc_now) -> Self:
        """Connect, and bring the tables up to date or, with `migrate=False`, make sure that they are.

        Raises InvalidInput when the URL cannot name a ledger, BackendUnavailable(LEDGER_UNAVAILABLE) when the
        database cannot be reached or was last used by a newer gateway.
        """
        engine, parsed = await reach(url)
        try:
            await (upgrade if migrate else verify)(engine, parsed)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine, parsed, now)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def begin(self, intent: Intent) -> Started | Replay:
        """Claim the idempotency key and write the intent, both or neither.

        A key belongs to its actor and lasts 24 hours. Raises Conflict(IDEMPOTENCY_CONFLICT) when it was used for
        another input, or when what became of its first use is not known yet; InvalidInput when a text cannot be
        stored.
        """
        _require_storable_intent(intent)
        at = self._now()
        entry_id = new_entry_id(at)
        async with self._writing() as connection:
            if intent.idempotency_key is not None:
                claim = digest(intent.actor, intent.idempotency_key)
                if not await _claim(connection, claim, intent.input_digest, at, entry_id):
                    return self._replay(intent, await _holder(connection, claim))
            await _write_intent(connection, intent, at, entry_id)
        return Started(entry_id)

    async def note_before(self, entry_id: str, before: dict[str, Any]) -> None:
        """Write down what stands there, in an open entry, before the vendor is called."""
        noting = (
            update(tables.entries)
            .where(tables.entries.c.id == entry_id, tables.entries.c.state == AuditState.OPEN.value)
            .values(before=before)
        )
        async with self._writing() as connection:
            await connection.execute(noting)

    async def close(
        self,
        entry_id: str,
        result: MutationResult,
        *,
        after: dict[str, Any] | None = None,
        vendor_request_ids: Sequence[str] = (),
        tombstones: Sequence[ObjectId] = (),
    ) -> None:
        """Write what became of the change, and the tombstones of what it deleted, all or nothing.

        An entry closed as UNKNOWN may be closed again once more is known; any other closing stands, so that a late
        reading back never overwrites a first-hand answer. Tombstones are written either way. Raises NotFound when
        there is no such entry.
        """
        at = self._now()
        may_close = or_(
            tables.entries.c.state == AuditState.OPEN.value,
            tables.entries.c.outcome == MutationOutcome.UNKNOWN.value,
        )
        closing = (
            update(tables.entries)
            .where(tables.entries.c.id == entry_id, may_close)
            .values(
                state=AuditState.CLOSED.value,
                closed_at=at,
                outcome=result.outcome.value,
                after=after,
                vendor_request_ids=list(vendor_request_ids),
                result=result_to_record(result),
            )
        )
        async with self._writing() as connection:
            if (await connection.execute(closing)).rowcount == 0:
                known = await connection.execute(select(tables.entries.c.id).where(tables.entries.c.id == entry_id))
                if known.first() is None:
                    raise NotFound("There is no such audit entry to close.", target=entry_id)
            if tombstones:
                rows = [_tombstone_row(ref, at, entry_id) for ref in tombstones]
                await connection.execute(_insert(connection, tables.tombstones).on_conflict_do_nothing(), rows)

    async def tombstone(self, ref: ObjectId) -> Tombstone | None:
        """The tombstone of exactly this object, generations compared at the coarser precision of the two."""
        same = [one for one in await self.tombstones_at(ref) if same_generation(one.ref.generation, ref.generation)]
        return next((one for one in same if one.ref.generation == ref.generation), same[0] if same else None)

    async def tombstones_at(self, ref: ObjectId) -> list[Tombstone]:
        """The tombstones of every object that stood under this kind, backend and key, newest first."""
        graves = tables.tombstones.c
        wanted = (
            select(tables.tombstones)
            .where(
                graves.kind == ref.kind.value,
                graves.backend == ref.backend,
                graves.object_key == key_to_text(ref.key),
            )
            .order_by(graves.at.desc(), graves.generation.desc())
        )
        async with self._reading() as connection:
            rows = (await connection.execute(wanted)).all()
        return [
            Tombstone(
                ObjectId(Kind(row.kind), row.backend, key_from_text(row.object_key), row.generation),
                row.at,
                row.entry_id,
            )
            for row in rows
        ]

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

    def _replay(self, intent: Intent, holder: Row[*tuple[Any, ...]]) -> Replay:
        if holder.input_digest != intent.input_digest:
            raise Conflict(
                "This idempotency key was used within the last 24 hours for another input. Use a new key, or repeat"
                " the first input exactly.",
                code=ErrorCode.IDEMPOTENCY_CONFLICT,
                backend=intent.backend,
            )
        if holder.state == AuditState.OPEN.value:
            raise Conflict(
                "The first call with this idempotency key is still under way, or its outcome is not known yet. Read"
                f" audit entry {holder.entry_id} before you try again.",
                code=ErrorCode.IDEMPOTENCY_CONFLICT,
                backend=intent.backend,
            )
        try:
            return Replay(result_from_record(holder.result, holder.entry_id))
        except (KeyError, TypeError, ValueError) as odd:
            raise self._unreadable(holder.entry_id) from odd

    async def _read_entries(self, query: Select[Any]) -> list[AuditEntry]:
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
            targets: dict[str, list[str]] = {row.id: [] for row in rows}
            theirs = (
                select(tables.targets.c.entry_id, tables.targets.c.target)
                .where(tables.targets.c.entry_id.in_(targets))
                .order_by(tables.targets.c.entry_id, tables.targets.c.position)
            )
            for entry_id, target in (await connection.execute(theirs)).all() if rows else ():
                targets[entry_id].append(target)
        return [self._entry(row, targets[row.id]) for row in rows]

    def _entry(self, row: Row[*tuple[Any, ...]], targets: list[str]) -> AuditEntry:
        try:
            return entry_from_row(row, targets)
        except (KeyError, TypeError, ValueError) as odd:
            raise self._unreadable(row.id) from odd

    def _unreadable(self, entry_id: str) -> Exception:
        return unavailable(
            f"{whereabouts(self._url)} holds an entry, {entry_id}, that this version cannot read. Check whether it"
            " was written by a newer gateway, or altered."
        )

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with named_faults(self._url):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        with named_faults(self._url):
            async with self._write_turn, self._engine.connect() as connection:
                await mark_writing(connection)
                async with connection.begin():
                    yield connection


def _insert(connection: AsyncConnection, table: Table) -> Any:
    """An insert that knows ON CONFLICT, spelled alike by both databases."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow to import, and never needed beside SQLite

    return postgresql.insert(table)


async def _claim(connection: AsyncConnection, claim: str, input_digest: str, at: datetime, entry_id: str) -> bool:
    """Take the key unless a claim of the last 24 hours holds it. One statement, so that of two only one succeeds."""
    values = {"input_digest": input_digest, "claimed_at": at, "entry_id": entry_id}
    taking = (
        _insert(connection, tables.claims)
        .values(digest=claim, **values)
        .on_conflict_do_update(
            index_elements=[tables.claims.c.digest],
            set_=values,
            where=tables.claims.c.claimed_at < at - KEY_LIFETIME,
        )
        .returning(tables.claims.c.entry_id)
    )
    return (await connection.execute(taking)).first() is not None


async def _holder(connection: AsyncConnection, claim: str) -> Row[*tuple[Any, ...]]:
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


async def _write_intent(connection: AsyncConnection, intent: Intent, at: datetime, entry_id: str) -> None:
    await connection.execute(
        tables.entries.insert().values(
            id=entry_id,
            at=at,
            state=AuditState.OPEN.value,
            actor=intent.actor,
            operation=intent.operation.value,
            backend=intent.backend,
            reason=intent.reason,
            idempotency_key=intent.idempotency_key,
            before=intent.before,
        )
    )
    if intent.targets:
        await connection.execute(
            tables.targets.insert(),
            [
                {"entry_id": entry_id, "position": position, "target": target, "digest": digest(target)}
                for position, target in enumerate(intent.targets)
            ],
        )


def _require_storable_intent(intent: Intent) -> None:
    require_storable(("actor",), [intent.actor])
    require_storable(("backend",), [intent.backend])
    require_storable(("targets",), intent.targets)
    require_storable(("reason",), [intent.reason])
    require_storable(("idempotencyKey",), [intent.idempotency_key])


def _tombstone_row(ref: ObjectId, at: datetime, entry_id: str) -> dict[str, Any]:
    return {
        "kind": ref.kind.value,
        "backend": ref.backend,
        "object_key": key_to_text(ref.key),
        "generation": ref.generation,
        "at": at,
        "entry_id": entry_id,
    }


def _filtered(wanted: AuditFilter) -> Select[Any]:
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
