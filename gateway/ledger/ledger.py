"""The ledger: the intent before the vendor is called, the result after it, and what must not be done twice.

SQLite serves one machine, PostgreSQL several. Every method may raise BackendUnavailable(LEDGER_UNAVAILABLE): the
database cannot be used, and its message says what to check. A change whose intent could not be written must not be
sent to a vendor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.audit import AuditState, Intent
from gateway.domain.errors import Conflict, ErrorCode, NotFound
from gateway.domain.ids import Kind, ObjectId, same_generation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.domain.records import result_from_record, result_to_record
from gateway.ledger import claims, tables, turns
from gateway.ledger.faults import named_faults, unavailable, whereabouts
from gateway.ledger.reaching import reach
from gateway.ledger.reading import AuditReadings
from gateway.ledger.rows import (
    digest,
    key_from_text,
    key_to_text,
    new_entry_id,
    require_storable,
)
from gateway.ledger.upgrading import upgrade, verify


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


class Ledger(AuditReadings):
    """An open ledger. Safe to share between tasks; close it with `aclose`."""

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
        """Close every connection. What is open still may be read back by others from here on."""
        await self._presence.aclose()
        await self._engine.dispose()

    async def answer(self) -> None:
        """Have the database answer anything that it has to look up."""
        async with self._reading() as connection:
            await connection.execute(select(tables.turns).limit(1))

    async def begin(self, intent: Intent) -> Started | Replay:
        """Claim the idempotency key and write the intent, both or neither.

        A key belongs to its actor and lasts 24 hours, or until its use ended with nothing done for reasons that may
        pass. Raises Conflict(IDEMPOTENCY_CONFLICT) when it was used for another input, or, retryable, while what became
        of its first use is not known yet; InvalidInput when a text cannot be stored.
        """
        _require_storable_intent(intent)
        at = self._now()
        entry_id = new_entry_id(at)
        await self.stay()
        async with self._writing() as connection:
            if intent.idempotency_key is not None:
                claim = digest(intent.actor, intent.idempotency_key)
                replay = await self._claimed(connection, claim, intent, at, entry_id)
                if replay is not None:
                    return replay
            await _write_intent(connection, intent, at, entry_id, self._presence.instance)
        return Started(entry_id)

    async def stay(self) -> None:
        """Make sure that others see this process live, so that they leave its open entries to it."""
        with named_faults(self._url):
            await self._presence.hold()

    async def _claimed(
        self, connection: AsyncConnection, claim: str, intent: Intent, at: datetime, entry_id: str
    ) -> Replay | None:
        """None once the key is taken for this entry."""
        if await claims.take(connection, claim, intent.input_digest, at, entry_id):
            return None
        holder = await claims.holder_of(connection, claim)
        try:
            free = holder.input_digest == intent.input_digest and claims.may_be_repeated(holder)
        except (KeyError, TypeError, ValueError) as odd:
            raise self._unreadable(holder.entry_id) from odd
        if free and await claims.take_over(connection, claim, holder.entry_id, at, entry_id):
            return None
        return self._replay(intent, await claims.holder_of(connection, claim) if free else holder)

    async def take_turns(self, entry_id: str, objects: Sequence[ObjectId]) -> str | None:
        """Take the turns of these objects for an open entry, which has them until it is closed.

        All of them or none: then the entry that has one of them. Generations do not count.
        """
        wanted = [turns.turn_of(one) for one in objects]
        try:
            async with self._writing() as connection:
                await turns.take(connection, wanted, entry_id)
        except turns.TakenError as taken:
            return taken.entry_id
        return None

    async def note_before(self, entry_id: str, before: dict[str, Any]) -> None:
        """Write down what stands there, in an open entry, before the vendor is called."""
        noting = (
            update(tables.entries)
            .where(tables.entries.c.id == entry_id, tables.entries.c.state == AuditState.OPEN.value)
            .values(before=before)
        )
        async with self._writing() as connection:
            await connection.execute(noting)

    async def note_call(
        self, entry_id: str, number: int, objects: dict[str, list[dict[str, Any]]], wanted: dict[str, Any]
    ) -> None:
        """Write down what is about to be sent to the vendor, as the entry's call of this number.

        Raises BackendUnavailable(LEDGER_UNAVAILABLE) too when the entry is no longer this process's to act upon:
        others took it for dead and read it back. Then nothing may be sent.
        """
        mine = (
            select(tables.entries.c.id)
            .where(
                tables.entries.c.id == entry_id,
                tables.entries.c.state == AuditState.OPEN.value,
                tables.entries.c.instance == self._presence.instance,
            )
            .with_for_update()
        )
        async with self._writing() as connection:
            if (await connection.execute(mine)).first() is None:
                raise unavailable(
                    f"{whereabouts(self._url)} was out of reach for too long, and the change was given up. Nothing more"
                    " was sent. Repeat it."
                )
            await connection.execute(
                tables.calls.insert().values(
                    entry_id=entry_id, number=number, at=self._now(), objects=objects, wanted=wanted
                )
            )

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
                await connection.execute(
                    claims.insert_into(connection, tables.tombstones).on_conflict_do_nothing(), rows
                )

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

    async def adopt_orphans(self) -> list[str]:
        """Take over the open entries of processes that live no more; of several that try, each entry goes to one."""
        await self.stay()
        open_elsewhere = (tables.entries.c.state == AuditState.OPEN.value) & (
            tables.entries.c.instance.is_distinct_from(self._presence.instance)
        )
        async with self._reading() as connection:
            instances = (
                await connection.scalars(select(tables.entries.c.instance).where(open_elsewhere).distinct())
            ).all()
        adopted: list[str] = []
        for instance in instances:
            theirs = open_elsewhere & tables.entries.c.instance.is_not_distinct_from(instance)
            async with self._writing() as connection:
                # Written by a gateway too old to say whose it is: none of those runs beside this one.
                if instance is None or await self._presence.is_gone(connection, instance):
                    taking = update(tables.entries).where(theirs).values(instance=self._presence.instance)
                    adopted.extend(await connection.scalars(taking.returning(tables.entries.c.id)))
        return adopted

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
                "The first call with this idempotency key is still under way, or its outcome is not known yet. Repeat"
                f" it in a few seconds, or read audit entry {holder.entry_id}.",
                code=ErrorCode.IDEMPOTENCY_CONFLICT,
                retryable=True,
                backend=intent.backend,
            )
        try:
            return Replay(result_from_record(holder.result, holder.entry_id))
        except (KeyError, TypeError, ValueError) as odd:
            raise self._unreadable(holder.entry_id) from odd


async def _write_intent(
    connection: AsyncConnection, intent: Intent, at: datetime, entry_id: str, instance: str
) -> None:
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
            instance=instance,
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
