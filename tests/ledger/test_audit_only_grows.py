"""The database itself refuses to delete or rewrite what was audited, whoever asks."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gateway.domain.audit import Intent
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started
from gateway.ledger.tables import metadata

GRAVE = ObjectId(Kind.PACKAGE, "fleet", ("firmware", "1.0"), "12")
PLAIN = {"id": "the-id", "status": "QUEUED"}
REWRITINGS = {
    "an actor": "UPDATE audit_entries SET actor = 'mallory'",
    "a moment": "UPDATE audit_entries SET at = '2020-01-01 00:00:00'",
    "an operation": "UPDATE audit_entries SET operation = 'RETRY_TASK'",
    "a backend": "UPDATE audit_entries SET backend = 'other'",
    "a reason": "UPDATE audit_entries SET reason = 'another'",
    "a key": "UPDATE audit_entries SET idempotency_key = 'another'",
    "an id": "UPDATE audit_entries SET id = 'another'",
    "entries": "DELETE FROM audit_entries",
    "a target": "UPDATE audit_targets SET target = 'another'",
    "targets": "DELETE FROM audit_targets",
    "a call": "UPDATE audit_calls SET number = 7",
    "calls": "DELETE FROM audit_calls",
    "a tombstone": "UPDATE tombstones SET generation = '13'",
    "tombstones": "DELETE FROM tombstones",
}
OF_CLOSED_ONES = {
    "an outcome": "UPDATE audit_entries SET outcome = 'FAILED'",
    "an opening": "UPDATE audit_entries SET state = 'OPEN'",
    "a result": "UPDATE audit_entries SET result = '{}'",
    "an after": "UPDATE audit_entries SET after = '{}'",
    "request ids": "UPDATE audit_entries SET vendor_request_ids = '[7]'",
    "a closing time": "UPDATE audit_entries SET closed_at = '2020-01-01 00:00:00'",
    "a before": "UPDATE audit_entries SET before = '{}'",
    "an owner": "UPDATE audit_entries SET instance = 'another'",
    "a state": "UPDATE audit_entries SET state = 'GONE'",
}


@pytest.fixture
async def entry_id(ledger: Ledger, intend: Callable[..., Intent]) -> str:
    started = await ledger.begin(intend(reason="too hot", idempotency_key="k", before=PLAIN))
    assert isinstance(started, Started)
    await ledger.note_call(started.entry_id, 0, {"job-1": [PLAIN]}, {})
    return started.entry_id


async def everything(url: str, engine_to: Callable[[str], Any]) -> list[Any]:
    async with engine_to(url).connect() as connection:
        return [
            [tuple(map(str, row)) for row in await connection.execute(select(metadata.tables[table]))]
            for table in ("audit_entries", "audit_targets", "audit_calls", "tombstones")
        ]


async def refused(url: str, engine_to: Callable[[str], Any], statement: str) -> bool:
    try:
        async with engine_to(url).begin() as connection:
            await connection.execute(text(statement))
    except DBAPIError:
        return True
    return False


@pytest.mark.parametrize("state", ["open", "closed", "closed as unknown"])
async def test_what_was_audited_can_be_neither_rewritten_nor_deleted(
    url: str, ledger: Ledger, entry_id: str, intend: Callable[..., Intent], engine_to: Callable[[str], Any], state: str
) -> None:
    statements = dict(REWRITINGS)
    if state == "closed":
        await ledger.close(entry_id, MutationResult(outcome=MutationOutcome.DONE), after=PLAIN, tombstones=[GRAVE])
        statements |= OF_CLOSED_ONES
    elif state == "closed as unknown":
        await ledger.close(entry_id, MutationResult(outcome=MutationOutcome.UNKNOWN), tombstones=[GRAVE])
        statements |= {name: OF_CLOSED_ONES[name] for name in ("an opening", "a before", "an owner", "a state")}
    else:
        other = await ledger.begin(intend())
        assert isinstance(other, Started)
        await ledger.close(other.entry_id, MutationResult(outcome=MutationOutcome.UNKNOWN), tombstones=[GRAVE])
    before = await everything(url, engine_to)
    assert all(before)
    let_through = [name for name, statement in statements.items() if not await refused(url, engine_to, statement)]
    assert let_through == []
    assert len(statements) >= len(REWRITINGS)
    assert await everything(url, engine_to) == before


async def test_replacing_a_row_is_no_way_around(
    tmp_path: Any, opener: Callable[..., Any], intend: Callable[..., Intent], engine_to: Callable[[str], Any]
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    ledger = await opener(url)
    started = await ledger.begin(intend())
    await ledger.note_call(started.entry_id, 0, {"job-1": [PLAIN]}, {})
    await ledger.close(started.entry_id, MutationResult(outcome=MutationOutcome.DONE), tombstones=[GRAVE])
    before = await everything(url, engine_to)
    for table, member in (("audit_entries", "actor"), ("audit_targets", "target"), ("audit_calls", "wanted"),
                          ("tombstones", "at")):  # fmt: skip
        async with engine_to(url).connect() as connection:
            names = [row[1] for row in await connection.execute(text(f"PRAGMA table_info({table})"))]
        members = ", ".join("'\"x\"'" if name == member else f'"{name}"' for name in names)
        await refused(url, engine_to, f"REPLACE INTO {table} SELECT {members} FROM {table}")  # noqa: S608 - our own names
    assert await everything(url, engine_to) == before


async def test_emptying_a_table_at_once_is_refused_by_postgresql(
    postgres_url: str, opener: Callable[..., Any], engine_to: Callable[[str], Any]
) -> None:
    await opener(postgres_url)
    for table in ("audit_entries", "audit_targets", "audit_calls", "tombstones"):
        assert await refused(postgres_url, engine_to, f"TRUNCATE {table} CASCADE")
