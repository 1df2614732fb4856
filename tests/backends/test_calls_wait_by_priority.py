"""Calls wait in one line for a slot and for the budget: the urgent first, never too many, and nobody leaves a trace."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.backends.bulkhead import Bulkhead
from gateway.backends.deadline import within
from gateway.backends.line import Line
from gateway.backends.priority import Priority, asking_as, present_priority
from gateway.backends.rate_limit import CallBudget, OverBudget
from gateway.domain.errors import TimedOut
from tests.support.skipped_time import in_skipped_time

Clock = Callable[[], float]
# What some turns of the loop take.
HAIR = 1e-3


@dataclass
class Call:
    """One call of a run: when it comes, how long it takes, how long it is patient; and what became of it."""

    comes: float
    priority: Priority
    takes: float
    patience: float | None
    came: float = 0.0
    began: float | None = None
    ended: float | None = None
    gone: float = field(default=float("inf"))


calls = st.builds(
    Call,
    comes=st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0]) | st.floats(0, 4),
    priority=st.sampled_from(Priority),
    takes=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    patience=st.none() | st.sampled_from([0.0, 0.2, 1.0]),
)


async def run(clock: Clock, rate: float, most: int, planned: list[Call]) -> tuple[Line, CallBudget]:
    """Let the calls come, wait and go, to the last of them."""
    budget = CallBudget(rate, clock)
    line = Line("lab", Bulkhead(most), budget)
    begun = clock()

    async def go(call: Call) -> None:
        call.came = clock()
        try:
            async with asyncio.timeout(call.patience):
                await line.enter(call.priority)
        except TimeoutError:
            return
        finally:
            call.gone = clock()
        call.began = clock()
        await asyncio.sleep(call.takes)
        call.ended = clock()
        line.leave()

    async def come(call: Call) -> None:
        await asyncio.sleep(begun + call.comes - clock())
        await go(call)

    await asyncio.gather(*map(come, planned))
    return line, budget


@settings(max_examples=150, deadline=None)
@given(
    rate=st.sampled_from([0.5, 1.0, 2.5, 10.0]),
    most=st.sampled_from([1, 3, 8, 32]),
    planned=st.lists(calls, max_size=40),
)
def test_neither_budget_nor_slots_are_exceeded_and_the_urgent_go_first(
    rate: float, most: int, planned: list[Call]
) -> None:
    async def main(clock: Clock) -> None:
        line, budget = await run(clock, rate, most, planned)
        assert (line.waiting, line.under_way) == (0, 0)
        await asyncio.sleep(60)
        assert budget.seconds_until(int(max(rate, 1))) == 0

    in_skipped_time(main)
    made = sorted((call for call in planned if call.began is not None), key=lambda call: call.began or 0)
    moments = [call.began or 0 for call in made]
    for first, begin in enumerate(moments):
        for last in range(first, len(moments)):
            assert last - first + 1 <= max(rate, 1) + rate * (moments[last] - begin) + HAIR
    for call in made:
        at = call.began or 0
        beside = [one for one in made if (one.began or 0) <= at < (one.ended or 0)]
        assert len(beside) <= most
        assert sum(one.priority > Priority.MUTATION for one in beside) <= most - most // 8
        overtaken = [
            one for one in planned if one.priority < call.priority and one.came < at - HAIR and one.gone > at + HAIR
        ]
        assert overtaken == []
        before = [
            one
            for one in planned
            if one.priority is call.priority and one.came < call.came - HAIR and one.gone > at + HAIR
        ]
        assert before == []
    assert all(call.began is not None for call in planned if call.patience is None)


def test_who_is_cancelled_just_when_the_turn_comes_leaves_slot_and_budget() -> None:
    async def main(clock: Clock) -> None:
        budget = CallBudget(3, clock)
        line = Line("lab", Bulkhead(1), budget)
        await line.enter(Priority.INTERACTIVE)
        waiting = asyncio.create_task(line.enter(Priority.INTERACTIVE))
        await asyncio.sleep(0)
        line.leave()
        await asyncio.sleep(0)
        assert (line.under_way, waiting.done()) == (1, False)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (line.under_way, line.waiting) == (0, 0)
        assert [budget.at_once() for _ in range(3)] == [True, True, False]

    in_skipped_time(main)


def test_slow_reads_leave_changes_their_slots() -> None:
    async def main(clock: Clock) -> None:
        line = Line("lab", Bulkhead(16), CallBudget(1000, clock))
        reads = [asyncio.create_task(line.enter(Priority.INTERACTIVE)) for _ in range(30)]
        await asyncio.sleep(1)
        assert line.under_way == 14
        assert line.waiting == 16
        await asyncio.wait_for(line.enter(Priority.MUTATION), 0.1)
        await asyncio.wait_for(line.enter(Priority.MUTATION), 0.1)
        third = asyncio.create_task(line.enter(Priority.MUTATION))
        await asyncio.sleep(1)
        line.leave()
        await asyncio.sleep(1)
        assert third.done()
        assert sum(read.done() for read in reads) == 14

    in_skipped_time(main)


def test_a_call_whose_turn_would_come_too_late_is_told_so_at_once() -> None:
    async def main(clock: Clock) -> None:
        line = Line("lab", Bulkhead(32), CallBudget(1, clock))
        await line.enter(Priority.INTERACTIVE)
        patient = [asyncio.create_task(line.enter(Priority.INTERACTIVE)) for _ in range(4)]
        await asyncio.sleep(0.5)
        with pytest.raises(OverBudget, match=r"another 4\.5 s") as caught:
            await within(timedelta(seconds=4), lambda: line.enter(Priority.INTERACTIVE), backend="lab")
        assert clock() == pytest.approx(1000.5, abs=HAIR)
        assert caught.value.retry_after_seconds == pytest.approx(4.5, abs=HAIR)
        # An urgent one has its turn before all of them.
        await within(timedelta(seconds=4), lambda: line.enter(Priority.MUTATION), backend="lab")
        assert clock() == pytest.approx(1001, abs=HAIR)
        await asyncio.gather(*patient)

    in_skipped_time(main)


def test_a_read_that_waited_for_its_turn_until_the_deadline_is_not_the_vendors_failure() -> None:
    async def main(clock: Clock) -> None:
        line = Line("lab", Bulkhead(1), CallBudget(1000, clock))
        await line.enter(Priority.INTERACTIVE)
        with pytest.raises(OverBudget, match="the calls before this one"):
            await within(timedelta(seconds=4), lambda: line.enter(Priority.INTERACTIVE), backend="lab")
        assert line.waiting == 0
        with pytest.raises(TimedOut, match="did not answer"):
            await within(timedelta(seconds=4), lambda: asyncio.sleep(5), backend="lab")

    in_skipped_time(main)


def test_a_vendor_that_asks_for_a_pause_is_left_alone_by_everybody_for_half_a_minute_at_most() -> None:
    async def main(clock: Clock) -> None:
        line = Line("lab", Bulkhead(32), CallBudget(10, clock))
        line.hold(3)
        await line.enter(Priority.MUTATION)
        assert clock() == pytest.approx(1003.1, abs=HAIR)
        line.hold(3600)
        await asyncio.gather(*(line.enter(Priority.POLL) for _ in range(5)))
        # One after the other, since there is no second's worth left to go at once.
        assert clock() == pytest.approx(1033.6, abs=HAIR)

    in_skipped_time(main)


async def test_tasks_take_the_priority_of_whoever_begins_them() -> None:
    async def priority() -> Priority:
        return present_priority()

    assert await priority() is Priority.INTERACTIVE
    with asking_as(Priority.POLL):
        begun = asyncio.create_task(priority())
    assert await begun is Priority.POLL
