"""What was deleted through the gateway stays known as deleted, and only that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.domain.audit import Intent
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started, Tombstone

Intend = Callable[..., Intent]
RUN = ObjectId(Kind.EXECUTION, "fleet", ("thing/1", "job:%2F 固件\0", "1"), "12.5")


async def buried(ledger: Ledger, intend: Intend, *refs: ObjectId) -> str:
    started = await ledger.begin(intend())
    assert isinstance(started, Started)
    await ledger.close(started.entry_id, MutationResult(outcome=MutationOutcome.DONE), tombstones=refs)
    return started.entry_id


async def test_a_tombstone_names_its_object_its_time_and_its_entry(ledger: Ledger, intend: Intend, clock: Any) -> None:
    entry_id = await buried(ledger, intend, RUN)
    assert await ledger.tombstone(RUN) == Tombstone(RUN, clock.moment, entry_id)


async def test_generations_match_at_the_coarser_precision(ledger: Ledger, intend: Intend) -> None:
    await buried(ledger, intend, RUN)
    for generation in ("12", "12.5", "12.52"):
        assert await ledger.tombstone(replace(RUN, generation=generation)) is not None
    for generation in ("", "13", "12.4", "125", "1"):
        assert await ledger.tombstone(replace(RUN, generation=generation)) is None


async def test_the_exact_generation_is_preferred(ledger: Ledger, intend: Intend, clock: Any) -> None:
    await buried(ledger, intend, RUN)
    clock.advance(seconds=1)
    await buried(ledger, intend, replace(RUN, generation="12.7"))
    found = await ledger.tombstone(RUN)
    assert found is not None
    assert found.ref == RUN


async def test_only_that_very_object_is_buried(ledger: Ledger, intend: Intend) -> None:
    await buried(ledger, intend, RUN)
    for other in (
        replace(RUN, kind=Kind.TASK),
        replace(RUN, backend="other"),
        replace(RUN, key=("thing", "1", *RUN.key[1:])),
        replace(RUN, key=RUN.key[:2]),
        replace(RUN, key=(*RUN.key[:2], "2")),
    ):
        assert await ledger.tombstone(other) is None
        assert await ledger.tombstones_at(other) == []


async def test_all_generations_under_a_key_come_newest_first(ledger: Ledger, intend: Intend, clock: Any) -> None:
    for generation in ("3", "1", "2"):
        await buried(ledger, intend, replace(RUN, generation=generation))
        clock.advance(seconds=1)
    found = await ledger.tombstones_at(replace(RUN, generation=""))
    assert [one.ref.generation for one in found] == ["2", "1", "3"]


async def test_the_first_tombstone_of_an_object_stands(ledger: Ledger, intend: Intend, clock: Any) -> None:
    first = await buried(ledger, intend, RUN, RUN)
    clock.advance(seconds=1)
    other = replace(RUN, generation="99")
    await buried(ledger, intend, RUN, other)
    found = await ledger.tombstone(RUN)
    assert found is not None
    assert found.entry_id == first
    assert await ledger.tombstone(other) is not None


async def test_a_tombstone_outlives_the_ledger_that_wrote_it(
    url: str, opener: Callable[..., Any], intend: Intend
) -> None:
    first = await opener(url)
    await buried(first, intend, RUN)
    await first.aclose()
    assert await (await opener(url)).tombstone(RUN) is not None
