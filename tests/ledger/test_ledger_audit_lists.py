"""Audit entries as lists: order, pages, filters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text

from gateway.domain.audit import AuditEntry, AuditFilter, Intent
from gateway.domain.errors import InvalidInput
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started

Intend = Callable[..., Intent]
EVERYTHING = AuditFilter()


async def begun(ledger: Ledger, intent: Intent) -> str:
    started = await ledger.begin(intent)
    assert isinstance(started, Started)
    return started.entry_id


async def pages(ledger: Ledger, first: int) -> list[list[AuditEntry]]:
    found: list[list[AuditEntry]] = []
    after = None
    while page := await ledger.entries(EVERYTHING, first=first, after=after):
        found.append(page)
        after = (page[-1].at, page[-1].id)
    return found


async def test_pages_are_newest_first_without_gaps_or_repeats(ledger: Ledger, intend: Intend, clock: Any) -> None:
    written = []
    for number in range(23):
        written.append(await begun(ledger, intend(targets=[f"t{number}", "all"])))
        # Ties, and steps as small as they get.
        clock.advance(microseconds=(0, 0, 1)[number % 3])
    found = await pages(ledger, 4)
    assert [len(page) for page in found] == [4, 4, 4, 4, 4, 3]
    flat = [entry for page in found for entry in page]
    assert sorted(entry.id for entry in flat) == sorted(written)
    assert [(entry.at, entry.id) for entry in flat] == sorted(((e.at, e.id) for e in flat), reverse=True)
    assert {entry.targets[0] for entry in flat} == {f"t{number}" for number in range(23)}


async def test_entries_written_between_two_pages_do_not_disturb_the_second(
    ledger: Ledger, intend: Intend, clock: Any
) -> None:
    written = []
    for _ in range(4):
        written.append(await begun(ledger, intend()))
        clock.advance(seconds=1)
    page = await ledger.entries(EVERYTHING, first=2, after=None)
    await begun(ledger, intend())
    rest = await ledger.entries(EVERYTHING, first=2, after=(page[-1].at, page[-1].id))
    assert [entry.id for entry in [*page, *rest]] == written[::-1]


@pytest.fixture
async def three(ledger: Ledger, intend: Intend, clock: Any) -> list[str]:
    """Three entries a minute apart; the last is still open."""
    first = await begun(ledger, intend(targets=["device-1", "device-2"]))
    await ledger.close(first, MutationResult(outcome=MutationOutcome.DONE))
    clock.advance(minutes=1)
    second = await begun(
        ledger, intend(actor="bob", backend="other", operation=Operation.DELETE_TASK, targets=["device-10"])
    )
    await ledger.close(second, MutationResult(outcome=MutationOutcome.FAILED))
    clock.advance(minutes=1)
    third = await begun(ledger, intend(operation=Operation.CREATE_TASK, targets=["device-2", "x" * 4096]))
    return [first, second, third]


NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(), [2, 1, 0]),
        (AuditFilter(backends=[], actor="", operations=(), outcomes=[], target=""), [2, 1, 0]),
        (AuditFilter(backends=["fleet"]), [2, 0]),
        (AuditFilter(backends=["fleet", "other"]), [2, 1, 0]),
        (AuditFilter(actor="bob"), [1]),
        (AuditFilter(actor="BOB"), []),
        (AuditFilter(operations=[Operation.DELETE_TASK, Operation.CREATE_TASK]), [2, 1]),
        (AuditFilter(outcomes=[MutationOutcome.DONE, MutationOutcome.FAILED]), [1, 0]),
        (AuditFilter(target="device-1"), [0]),
        (AuditFilter(target="device-2"), [2, 0]),
        (AuditFilter(target="device"), []),
        (AuditFilter(target="device-%"), []),
        (AuditFilter(target="x" * 4096), [2]),
        (AuditFilter(after=NOON + MINUTE), [2, 1]),
        (AuditFilter(before=NOON + MINUTE), [0]),
        (AuditFilter(after=NOON, before=NOON + timedelta(microseconds=1)), [0]),
        (AuditFilter(after=(NOON + MINUTE).astimezone(timezone(timedelta(hours=9)))), [2, 1]),
        (AuditFilter(after=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))), [2, 1, 0]),
        (AuditFilter(before=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))), [2, 1, 0]),
        (AuditFilter(actor="alice", target="device-2", outcomes=[MutationOutcome.DONE]), [0]),
        (AuditFilter(actor="bob", target="device-2"), []),
    ],
)
async def test_a_filter_lets_through_what_it_names(
    ledger: Ledger, three: list[str], wanted: AuditFilter, found: list[int]
) -> None:
    entries = await ledger.entries(wanted, first=10, after=None)
    assert [three.index(entry.id) for entry in entries] == found


@pytest.mark.usefixtures("three")
async def test_a_filter_that_no_entry_can_match_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(InvalidInput) as refused:
        await ledger.entries(AuditFilter(target="\0"), first=1, after=None)
    assert refused.value.path == ["filter", "target"]


@pytest.mark.usefixtures("ledger")
async def test_targets_are_looked_up_by_an_index(url: str, engine_to: Callable[[str], Any]) -> None:
    query = "SELECT entry_id FROM audit_targets WHERE digest = 'd' AND target = 't'"
    async with engine_to(url).connect() as connection:
        if url.startswith("sqlite"):
            plan = (await connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))).all()
        else:
            await connection.execute(text("SET enable_seqscan = off"))
            plan = (await connection.execute(text(f"EXPLAIN {query}"))).all()
    assert "audit_targets_by_target" in str(plan)
