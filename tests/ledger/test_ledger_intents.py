"""What is begun, closed and replayed."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.audit import AuditState, Intent
from gateway.domain.errors import Conflict, ErrorCode, InvalidInput, InvalidState, NotFound, VendorRejected
from gateway.domain.ids import Kind, ObjectId, decode
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, TargetResult
from gateway.ledger import Ledger, Replay, Started

Intend = Callable[..., Intent]
Opener = Callable[..., Any]
DONE = MutationResult(outcome=MutationOutcome.DONE, task_id="the-task")
PACKAGE = ObjectId(Kind.PACKAGE, "fleet", ("firmware", "1.0"), "12")

BEGIN_AND_DIE = """
import asyncio, os, sys
from gateway.domain.audit import Intent
from gateway.domain.operations import Operation
from gateway.ledger import Ledger

async def main():
    ledger = await Ledger.open(sys.argv[1])
    await ledger.begin(Intent(actor="alice", operation=Operation.DELETE_TASK, backend="fleet", targets=["job-7"]))
    os._exit(9)

asyncio.run(main())
"""


async def begun(ledger: Ledger, intent: Intent) -> str:
    started = await ledger.begin(intent)
    assert isinstance(started, Started)
    return started.entry_id


async def test_an_intent_is_an_open_entry_that_says_everything_it_was_given(
    ledger: Ledger, intend: Intend, clock: Any
) -> None:
    before = {"status": "RUNNING", "counts": {"done": 3}, "note": None, "текст": ["固件", 1.5, True]}
    entry_id = await begun(
        ledger,
        intend(targets=("b", "a", "b"), reason="too hot", idempotency_key="k", before=before),
    )
    entry = await ledger.entry(entry_id)
    assert entry is not None
    assert decode(entry_id, Kind.AUDIT).backend == "ledger"
    assert (entry.id, entry.at, entry.state) == (entry_id, clock.moment, AuditState.OPEN)
    assert entry.at.utcoffset() == timedelta(0)
    assert (entry.actor, entry.operation, entry.backend) == ("alice", Operation.CANCEL_TASK, "fleet")
    assert (entry.targets, entry.reason, entry.idempotency_key) == (["b", "a", "b"], "too hot", "k")
    assert (entry.before, entry.after, entry.outcome, entry.closed_at) == (before, None, None, None)
    assert (entry.vendor_request_ids, entry.errors) == ([], [])


async def test_closing_tells_what_became_of_it(ledger: Ledger, intend: Intend, clock: Any) -> None:
    entry_id = await begun(ledger, intend())
    clock.advance(seconds=2.5)
    rejected = VendorRejected("The vendor said no.", http_status=400, vendor_code="E1", request_id="r-1")
    refused = InvalidState("It runs. Stop it first.", vendor_status="RUNNING", needs_force=True)
    result = MutationResult(
        outcome=MutationOutcome.FAILED,
        errors=[rejected],
        results=[
            TargetResult(target="device-1", outcome=MutationOutcome.DONE),
            TargetResult(target="device-2", outcome=MutationOutcome.REFUSED, error=refused),
            TargetResult(target="device-3", outcome=MutationOutcome.FAILED, error=rejected),
        ],
    )
    await ledger.close(entry_id, result, after={"status": "STOPPED"}, vendor_request_ids=["r-1", "r-2"])
    entry = await ledger.entry(entry_id)
    assert entry is not None
    assert (entry.state, entry.outcome) == (AuditState.CLOSED, MutationOutcome.FAILED)
    assert (entry.closed_at, entry.after) == (clock.moment, {"status": "STOPPED"})
    assert entry.vendor_request_ids == ["r-1", "r-2"]
    assert [type(error) for error in entry.errors] == [VendorRejected, InvalidState]
    assert vars(entry.errors[0]) == vars(rejected)
    assert vars(entry.errors[1]) == {**vars(refused), "target": "device-2"}
    assert await ledger.open_entries() == []


async def test_an_intent_outlives_the_process_that_died_before_its_result(url: str, opener: Opener) -> None:
    dead = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", BEGIN_AND_DIE, url], capture_output=True, check=False
    )
    assert dead.returncode == 9, dead.stderr
    ledger = await opener(url)
    (entry,) = await ledger.open_entries()
    assert (entry.operation, entry.targets) == (Operation.DELETE_TASK, ["job-7"])


async def test_an_intent_and_its_key_survive_reopening(url: str, opener: Opener, intend: Intend) -> None:
    first = await opener(url)
    entry_id = await begun(first, intend(idempotency_key="k", input_digest="d"))
    await first.close(entry_id, DONE)
    await first.aclose()
    second = await opener(url)
    replay = await second.begin(intend(idempotency_key="k", input_digest="d"))
    assert isinstance(replay, Replay)
    assert (replay.result.task_id, replay.result.audit_entry_id) == ("the-task", entry_id)


async def test_of_twenty_that_race_for_one_key_exactly_one_starts(url: str, opener: Opener, intend: Intend) -> None:
    ledgers = [await opener(url), await opener(url)]
    intent = intend(idempotency_key="k", input_digest="d")
    outcomes = await asyncio.gather(*(ledgers[n % 2].begin(intent) for n in range(20)), return_exceptions=True)
    started = [one for one in outcomes if isinstance(one, Started)]
    conflicts = [one for one in outcomes if isinstance(one, Conflict)]
    assert (len(started), len(conflicts)) == (1, 19)
    assert {conflict.code for conflict in conflicts} == {ErrorCode.IDEMPOTENCY_CONFLICT}
    assert [entry.id for entry in await ledgers[0].open_entries()] == [started[0].entry_id]


async def test_of_twenty_that_race_for_an_expired_key_exactly_one_starts(
    ledger: Ledger, intend: Intend, clock: Any
) -> None:
    intent = intend(idempotency_key="k", input_digest="d")
    await begun(ledger, intent)
    clock.advance(hours=25)
    outcomes = await asyncio.gather(*(ledger.begin(intent) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, Started) for one in outcomes) == 1
    assert len(await ledger.open_entries()) == 2


async def test_changes_without_a_key_never_meet(ledger: Ledger, intend: Intend) -> None:
    started = await asyncio.gather(*(begun(ledger, intend()) for _ in range(20)))
    assert len(set(started)) == 20
    assert {entry.id for entry in await ledger.open_entries()} == set(started)


async def test_a_key_in_use_names_the_entry_to_read(ledger: Ledger, intend: Intend) -> None:
    entry_id = await begun(ledger, intend(idempotency_key="k", input_digest="d"))
    with pytest.raises(Conflict, match=f"still under way.*{entry_id}") as conflict:
        await ledger.begin(intend(idempotency_key="k", input_digest="d"))
    assert conflict.value.code is ErrorCode.IDEMPOTENCY_CONFLICT


@pytest.mark.parametrize("closed", [False, True])
async def test_a_key_used_for_another_input_is_refused(ledger: Ledger, intend: Intend, *, closed: bool) -> None:
    entry_id = await begun(ledger, intend(idempotency_key="k", input_digest="one"))
    if closed:
        await ledger.close(entry_id, DONE)
    with pytest.raises(Conflict, match="another input") as conflict:
        await ledger.begin(intend(idempotency_key="k", input_digest="two"))
    assert conflict.value.code is ErrorCode.IDEMPOTENCY_CONFLICT
    assert len(await ledger.open_entries()) == (0 if closed else 1)


async def test_a_key_belongs_to_its_actor(ledger: Ledger, intend: Intend) -> None:
    await begun(ledger, intend(actor="ab", idempotency_key="c", input_digest="d"))
    await begun(ledger, intend(actor="a", idempotency_key="bc", input_digest="d"))
    await begun(ledger, intend(actor="bob", idempotency_key="c", input_digest="other"))


async def test_a_key_is_kept_24_hours_and_then_free(ledger: Ledger, intend: Intend, clock: Any) -> None:
    intent = intend(idempotency_key="k", input_digest="d")
    first = await begun(ledger, intent)
    await ledger.close(first, DONE)
    clock.advance(hours=24)
    assert isinstance(await ledger.begin(intent), Replay)
    clock.advance(microseconds=1)
    second = await begun(ledger, intend(idempotency_key="k", input_digest="another"))
    assert second != first
    with pytest.raises(Conflict):
        await ledger.begin(intent)


async def test_an_unknown_outcome_can_be_bettered_and_is_then_what_is_replayed(ledger: Ledger, intend: Intend) -> None:
    intent = intend(idempotency_key="k", input_digest="d")
    entry_id = await begun(ledger, intent)
    await ledger.close(entry_id, MutationResult(outcome=MutationOutcome.UNKNOWN))
    await ledger.close(entry_id, DONE)
    replay = await ledger.begin(intent)
    assert isinstance(replay, Replay)
    assert replay.result.outcome is MutationOutcome.DONE


async def test_a_known_outcome_stands_but_late_tombstones_are_kept(ledger: Ledger, intend: Intend) -> None:
    entry_id = await begun(ledger, intend())
    await ledger.close(entry_id, DONE)
    await ledger.close(entry_id, MutationResult(outcome=MutationOutcome.UNKNOWN), tombstones=[PACKAGE])
    entry = await ledger.entry(entry_id)
    assert entry is not None
    assert entry.outcome is MutationOutcome.DONE
    assert await ledger.tombstone(PACKAGE) is not None


async def test_closing_what_was_never_begun_is_not_found_and_buries_nothing(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.close("nothing", DONE, tombstones=[PACKAGE])
    assert await ledger.tombstone(PACKAGE) is None


async def test_an_unknown_entry_is_none(ledger: Ledger) -> None:
    assert await ledger.entry("nothing") is None


async def test_open_entries_come_oldest_first(ledger: Ledger, intend: Intend, clock: Any) -> None:
    begun_ids = []
    for _ in range(3):
        begun_ids.append(await begun(ledger, intend()))
        clock.advance(seconds=1)
    await ledger.close(begun_ids.pop(1), DONE)
    assert [entry.id for entry in await ledger.open_entries()] == begun_ids


@pytest.mark.parametrize(
    ("field", "member"),
    [
        ("actor", {"actor": "a\0b"}),
        ("targets", {"targets": ["fine", "\ud800"]}),
        ("reason", {"reason": "\0"}),
        ("idempotencyKey", {"idempotency_key": "\0"}),
    ],
)
async def test_text_that_a_database_cannot_hold_is_refused_by_name(
    ledger: Ledger, intend: Intend, field: str, member: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await ledger.begin(intend(**member))
    assert refused.value.path == [field]
    assert await ledger.open_entries() == []


async def test_a_result_with_odd_members_is_still_recorded(ledger: Ledger, intend: Intend, clock: Any) -> None:
    entry_id = await begun(ledger, intend(before={"wait": float("inf"), "list": [float("nan"), {"at": clock.moment}]}))
    await ledger.close(entry_id, DONE, after={"nul": "a\0b", "half": "\ud800"})
    entry = await ledger.entry(entry_id)
    assert entry is not None
    assert entry.before == {"wait": None, "list": [None, {"at": str(clock.moment)}]}
    assert entry.after == {"nul": "a\0b", "half": "\ud800"}
