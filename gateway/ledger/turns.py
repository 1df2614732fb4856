"""Turns: one change of an object at a time, over all processes that share a ledger.

The entry that has an object's turn has it until it is closed. So nobody has to give it back, nothing else has to be
there for it, and what a process left behind when it ended is waited for until recovery has said what became of it.
"""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.audit import AuditState
from gateway.domain.ids import ObjectId
from gateway.ledger import tables
from gateway.ledger.claims import insert_into
from gateway.ledger.rows import digest, key_to_text


class TakenError(Exception):
    """Another entry has the turn: the transaction is to be rolled back."""

    def __init__(self, entry_id: str) -> None:
        super().__init__(entry_id)
        self.entry_id = entry_id


def turn_of(ref: ObjectId) -> str:
    """What stands for an object's turn: its key, whatever the generation."""
    return digest(ref.kind.value, ref.backend, key_to_text(ref.key))


async def take(connection: AsyncConnection, turns: Sequence[str], entry_id: str) -> None:
    """Take them all for this entry. Raises TakenError for the first that another open entry has."""
    wanted, known, entries = sorted(set(turns)), tables.turns.c, tables.entries.c
    new = [{"digest": turn, "entry_id": entry_id} for turn in wanted]
    await connection.execute(insert_into(connection, tables.turns).on_conflict_do_nothing(), new)
    # Statements of their own, in one order everywhere: each sees what was committed before the rows were locked for us.
    lock = select(known.entry_id).where(known.digest.in_(wanted)).order_by(known.digest).with_for_update()
    holders = {str(holder) for holder in await connection.scalars(lock)} - {entry_id}
    if holders:
        is_open = select(entries.id).where(entries.id.in_(holders), entries.state == AuditState.OPEN.value).limit(1)
        holder = await connection.scalar(is_open)
        if holder is not None:
            raise TakenError(str(holder))
        await connection.execute(update(tables.turns).where(known.digest.in_(wanted)).values(entry_id=entry_id))
