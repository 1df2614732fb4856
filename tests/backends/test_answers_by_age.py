"""Kept answers: as they are up to the soft age, renewed behind the answer up to the hard one, waited for after it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.backends.health import HealthState
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable
from gateway.domain.ids import Kind
from tests.support.lone_backend import HandVendor, lone_stack, settled

SOFT, HARD = timedelta(seconds=0.05), timedelta(seconds=60)
PAST_SOFT = 0.07


@pytest.fixture
def vendor() -> HandVendor:
    return HandVendor()


async def test_a_young_answer_is_had_without_awaiting(vendor: HandVendor) -> None:
    stack = lone_stack()
    assert stack.peek("key") is None
    answer = await stack.read("key", vendor.call)
    assert stack.peek("key") is answer
    assert (await stack.read("key", vendor.call)) is answer
    assert vendor.calls == 1


async def test_past_the_soft_age_a_thousand_askers_are_answered_at_once_and_cost_one_call(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    old = await stack.read("key", vendor.call)
    await asyncio.sleep(PAST_SOFT)
    vendor.hold()
    assert stack.peek("key") is None
    answers = [await stack.read("key", vendor.call) for _ in range(1000)]
    assert all(answer is old for answer in answers)
    assert stack.peek("key") is old
    vendor.may_answer.set()
    await settled()
    assert vendor.calls == 2
    new = stack.peek("key")
    assert new is not None
    assert new.value == 2
    assert new.fetched_at > old.fetched_at


async def test_past_the_hard_age_callers_wait(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=SOFT)
    await stack.read("key", vendor.call)
    await asyncio.sleep(PAST_SOFT)
    assert stack.peek("key") is None
    assert (await stack.read("key", vendor.call)).value == 2


async def test_a_renewal_that_fails_leaves_the_answer_and_is_not_tried_again_at_every_read(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    old = await stack.read("key", vendor.call)
    assert stack.health().state is HealthState.UP
    vendor.fail()
    await asyncio.sleep(PAST_SOFT)
    for _ in range(50):
        assert await stack.read("key", vendor.call) is old
        await settled()
    assert vendor.calls == 2
    assert stack.health().state is HealthState.DEGRADED
    assert stack.peek("key") is old


async def test_after_the_hard_age_the_failure_is_the_callers(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=2 * SOFT)
    await stack.read("key", vendor.call)
    vendor.fail()
    await asyncio.sleep(3 * SOFT.total_seconds())
    with pytest.raises(BackendUnavailable):
        await stack.read("key", vendor.call)


async def test_a_renewal_outlives_the_caller_that_set_it_off(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    await stack.read("key", vendor.call)
    await asyncio.sleep(PAST_SOFT)
    vendor.hold()

    async def ask_and_stay() -> None:
        await stack.read("key", vendor.call)
        await asyncio.sleep(60)

    caller = asyncio.create_task(ask_and_stay())
    await settled()
    caller.cancel()
    vendor.may_answer.set()
    await settled()
    assert vendor.cancelled == 0
    assert (await stack.read("key", vendor.call)).value == 2


async def test_a_renewal_ends_with_the_process(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    await stack.read("key", vendor.call)
    await asyncio.sleep(PAST_SOFT)
    vendor.hold()
    await stack.read("key", vendor.call)
    await settled()
    await stack.aclose()
    await settled()
    assert vendor.cancelled == 1


async def test_a_renewal_has_the_time_of_a_read(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD, timeout=timedelta(seconds=0.05))
    await stack.read("key", vendor.call)
    await asyncio.sleep(PAST_SOFT)
    vendor.hold()
    await stack.read("key", vendor.call)
    await asyncio.sleep(0.2)
    assert vendor.cancelled == 1
    assert stack.health().last_error is not None


async def test_a_change_forgets_what_is_kept(vendor: HandVendor) -> None:
    stack = lone_stack()
    await stack.read("key", vendor.call)
    async with stack.changing(Kind.TASK):
        assert stack.peek("key") is None
        await stack.read("key", vendor.call)
    assert stack.peek("key") is None
    assert (await stack.read("key", vendor.call)).value == 3


async def test_what_was_asked_before_a_change_is_neither_joined_nor_kept(vendor: HandVendor) -> None:
    stack = lone_stack()
    vendor.hold()
    before = asyncio.create_task(stack.read("key", vendor.call))
    await settled()
    async with stack.changing(Kind.TASK):
        during = asyncio.create_task(stack.read("key", vendor.call))
        await settled()
    after = asyncio.create_task(stack.read("key", vendor.call))
    await settled()
    vendor.may_answer.set()
    assert [(await one).value for one in (before, during, after)] == [1, 2, 3]
    kept = stack.peek("key")
    assert kept is not None
    assert kept.value == 3


async def test_a_renewal_begun_before_a_change_is_not_kept(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    await stack.read("key", vendor.call)
    await asyncio.sleep(PAST_SOFT)
    vendor.hold()
    await stack.read("key", vendor.call)
    await settled()
    async with stack.changing(Kind.TASK):
        pass
    vendor.may_answer.set()
    await settled()
    assert vendor.calls == 2
    assert stack.peek("key") is None


async def test_a_fresh_read_goes_past_the_cache_and_joins_what_is_under_way(vendor: HandVendor) -> None:
    stack = lone_stack()
    await stack.read("key", vendor.call)
    vendor.hold()
    askers = [asyncio.create_task(stack.read("key", vendor.call, fresh=True)) for _ in range(100)]
    await settled()
    vendor.may_answer.set()
    assert {(await asker).value for asker in askers} == {2}
    assert vendor.calls == 2
    kept = stack.peek("key")
    assert kept is not None
    assert kept.value == 2


async def test_who_wants_nothing_older_gets_nothing_older(vendor: HandVendor) -> None:
    stack = lone_stack()
    await stack.read("key", vendor.call)
    await asyncio.sleep(0.05)
    assert stack.peek("key", max_age=0.01) is None
    assert stack.peek("key", max_age=60) is not None
    assert (await stack.read("key", vendor.call, max_age=60)).value == 1
    assert (await stack.read("key", vendor.call, max_age=0.01)).value == 2
    assert (await stack.read("key", vendor.call)).value == 2


async def test_what_a_change_is_decided_upon_comes_from_no_cache_and_no_flight(vendor: HandVendor) -> None:
    stack = lone_stack()
    await stack.read("key", vendor.call)
    assert await stack.look(vendor.call) == 2
    vendor.hold()
    flight = asyncio.create_task(stack.read("key", vendor.call, fresh=True))
    await settled()
    looks = [asyncio.create_task(stack.look(vendor.call)) for _ in range(2)]
    await settled()
    vendor.may_answer.set()
    assert [await one for one in looks] == [4, 5]
    assert (await flight).value == 3


async def test_without_cache_and_single_flight_every_read_is_a_call(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=timedelta(0), single_flight=False)
    vendor.hold()
    askers = [asyncio.create_task(stack.read("key", vendor.call)) for _ in range(5)]
    await settled()
    assert vendor.under_way == 5
    vendor.may_answer.set()
    await asyncio.gather(*askers)
    assert stack.peek("key") is None


class Bulk:
    """Answers several things at once, and remembers which it was asked for."""

    def __init__(self, names: str) -> None:
        self.names = names
        self.asked: list[str] = []

    async def call(self, places: Sequence[int]) -> list[str]:
        self.asked.append("".join(self.names[place] for place in places))
        return [self.names[place].upper() for place in places]


async def several(stack: BackendStack, names: str, **how: Any) -> tuple[list[str], list[str]]:
    """What is answered for each name, and what the vendor was asked for."""
    bulk = Bulk(names)
    answers = await stack.read_many(list(names), bulk.call, **how)
    await settled()
    return [answer.value for answer in answers], bulk.asked


async def test_of_several_things_only_those_that_are_not_kept_are_read_and_in_one_read() -> None:
    stack = lone_stack()
    assert await several(stack, "ab") == (["A", "B"], ["ab"])
    assert await several(stack, "cbad") == (["C", "B", "A", "D"], ["cd"])
    assert await several(stack, "dcba") == (["D", "C", "B", "A"], [])
    assert stack.peek("c") is not None
    assert await several(stack, "ab", fresh=True) == (["A", "B"], ["ab"])


async def test_several_things_past_their_soft_age_are_renewed_in_one_read_behind_the_answers() -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    await several(stack, "ab")
    await asyncio.sleep(PAST_SOFT)
    assert await several(stack, "abc") == (["A", "B", "C"], ["c", "ab"])
    assert stack.peek("a") is not None


async def test_equal_reads_of_several_things_are_one(vendor: HandVendor) -> None:
    stack = lone_stack()
    vendor.hold()

    async def fetch(places: Sequence[int]) -> list[int]:
        number = await vendor.call()
        return [number for _ in places]

    askers = [asyncio.create_task(stack.read_many(["a", "b"], fetch)) for _ in range(50)]
    await settled()
    vendor.may_answer.set()
    assert {answer.value for asker in askers for answer in await asker} == {1}
