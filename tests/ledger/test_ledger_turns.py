"""Turns at objects: the entry that has one has it until it is closed, whichever process asks."""

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.domain.audit import Intent
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started

ONE, OTHER = (ObjectId(Kind.EXECUTION, "fleet", ("thing", "job", number), "1700000000") for number in "12")
DONE = MutationResult(outcome=MutationOutcome.DONE)


async def begun(ledger: Ledger, intend: Callable[..., Intent]) -> str:
    started = await ledger.begin(intend())
    assert isinstance(started, Started)
    return started.entry_id


async def test_a_turn_is_had_until_its_entry_is_closed(
    url: str, opener: Callable[..., Any], intend: Callable[..., Intent]
) -> None:
    here, there = await opener(url), await opener(url)
    first, second = await begun(here, intend), await begun(there, intend)
    assert await here.take_turns(first, [ONE]) is None
    assert await here.take_turns(first, [ONE, OTHER]) is None
    reborn = ObjectId(ONE.kind, ONE.backend, ONE.key, "1800000000")
    assert await there.take_turns(second, [reborn]) == first
    await here.close(first, DONE)
    assert await there.take_turns(second, [ONE]) is None


async def test_all_turns_are_taken_or_none(url: str, opener: Callable[..., Any], intend: Callable[..., Intent]) -> None:
    here, there = await opener(url), await opener(url)
    first, second, third = [await begun(one, intend) for one in (here, there, here)]
    assert await here.take_turns(first, [ONE]) is None
    assert await there.take_turns(second, [OTHER, ONE]) == first
    assert await here.take_turns(third, [OTHER]) is None


async def test_of_many_at_once_one_has_the_turn(
    url: str, opener: Callable[..., Any], intend: Callable[..., Intent]
) -> None:
    ledgers = [await opener(url) for _ in range(3)]
    inside = most = entered = 0

    async def work(ledger: Ledger) -> None:
        nonlocal inside, most, entered
        entry = await begun(ledger, intend)
        while await ledger.take_turns(entry, [OTHER, ONE]) is not None:  # noqa: ASYNC110 - so do processes
            await asyncio.sleep(0.01)
        inside += 1
        entered += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1
        await ledger.close(entry, DONE)

    await asyncio.gather(*(work(ledger) for ledger in ledgers for _ in range(4)))
    assert (entered, most) == (12, 1)
