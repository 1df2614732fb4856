"""What the gate makes of calls that fail: reads are tried again, within bounds; changes never; the dead are spared."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.backends.call_gate import BackendGate
from gateway.backends.circuit_breaker import Circuit, CircuitOpen
from gateway.backends.deadline import within
from gateway.backends.health import HealthRecord, HealthState
from gateway.backends.rate_limit import CallBudget, OverBudget
from gateway.backends.retry import RetryBudget
from gateway.domain.errors import (
    BackendUnavailable,
    GatewayError,
    NotFound,
    OutcomeUnknown,
    Throttled,
    TimedOut,
    VendorRejected,
)
from gateway.vendorkit.settings import Pace
from tests.support.skipped_time import in_skipped_time

Clock = Callable[[], float]
DOWN = BackendUnavailable("ListJobs got no answer from backend lab (HTTP 503). Try again later.")
BUSY = Throttled("Too many calls.")


class Lab:
    """A gate, its health, and calls whose attempts come to what a test says, in order; the last one stays."""

    def __init__(self, clock: Clock, calls_per_second: float = 1000, **pace: Any) -> None:
        self.pace = Pace(calls_per_second=calls_per_second, **pace)
        self.health = HealthRecord(calls_per_second=calls_per_second, now=_now)
        budget = CallBudget(calls_per_second, clock)
        self.gate = BackendGate("lab", budget, self.pace, self.health, now=_now, seconds=clock)
        self.clock = clock
        self.attempts: list[float] = []

    def call(
        self, *outcomes: object, operation: str = "ListJobs", write: bool = False, seconds: float = 0.0
    ) -> Awaitable[object]:
        return self.gate.carry(_Call(self, outcomes, operation, write, seconds))

    async def within(self, limit: float, *outcomes: object, **how: Any) -> object:
        return await within(timedelta(seconds=limit), lambda: self.call(*outcomes, **how), backend="lab")


class _Call:
    def __init__(self, lab: Lab, outcomes: Sequence[object], operation: str, write: bool, seconds: float) -> None:
        self.operation = operation
        self.write = write
        self.answer = None
        self._lab = lab
        self._outcomes = list(outcomes)
        self._seconds = seconds

    async def attempt(self) -> object:
        self._lab.attempts.append(self._lab.clock())
        await asyncio.sleep(self._seconds)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def too_late(self) -> GatewayError:
        return OutcomeUnknown("It was sent.") if self.write else TimedOut("It took too long.")


def _now() -> datetime:
    return datetime.now(UTC)


def lab(main: Callable[[Lab], Awaitable[None]], **pace: Any) -> None:
    async def run(clock: Clock) -> None:
        await main(Lab(clock, **pace))

    in_skipped_time(run)


@pytest.mark.parametrize("error", [DOWN, TimedOut("It took too long."), BUSY])
def test_a_read_is_tried_twice_more_and_then_fails_with_what_it_met_last(error: GatewayError) -> None:
    async def main(lab: Lab) -> None:
        with pytest.raises(type(error)) as caught:
            await lab.call(BackendUnavailable("First."), error)
        assert caught.value is error
        assert len(lab.attempts) == 3
        assert lab.attempts[2] - lab.attempts[0] <= 0.1 + 0.2 + 0.01
        assert await lab.call(error, "found") == "found"
        assert lab.health.reading().retries_last_minute == 3

    lab(main)


@pytest.mark.parametrize("error", [NotFound("None."), VendorRejected("No."), OutcomeUnknown("Lost.")])
def test_what_a_vendor_refused_is_not_asked_again(error: GatewayError) -> None:
    async def main(lab: Lab) -> None:
        with pytest.raises(type(error)):
            await lab.call(error)
        assert len(lab.attempts) == 1

    lab(main)


@pytest.mark.parametrize("error", [DOWN, BUSY, OutcomeUnknown("Lost.")])
def test_a_change_is_attempted_once(error: GatewayError) -> None:
    async def main(lab: Lab) -> None:
        with pytest.raises(type(error)):
            await lab.call(error, write=True)
        assert len(lab.attempts) == 1

    lab(main)


def test_no_retries_are_made_where_none_are_wanted() -> None:
    async def main(lab: Lab) -> None:
        with pytest.raises(BackendUnavailable):
            await lab.call(DOWN)
        assert len(lab.attempts) == 1

    lab(main, retries=0)


def test_a_vendor_that_says_when_to_come_back_is_asked_then_and_by_nobody_before() -> None:
    async def main(lab: Lab) -> None:
        first = asyncio.ensure_future(lab.within(5, Throttled("Later.", retry_after_seconds=3), "found"))
        await asyncio.sleep(0.5)
        others = [asyncio.ensure_future(lab.within(5, "found")) for _ in range(2)]
        await asyncio.gather(first, *others)
        assert len(lab.attempts) == 4
        assert all(at >= lab.attempts[0] + 3 for at in lab.attempts[1:])
        assert lab.health.reading().throttled_last_minute == 1

    lab(main)


def test_who_cannot_wait_that_long_is_told_at_once() -> None:
    async def main(lab: Lab) -> None:
        began = lab.clock()
        with pytest.raises(Throttled) as caught:
            await lab.within(5, Throttled("Later.", retry_after_seconds=8))
        assert caught.value.retry_after_seconds == 8
        with pytest.raises(OverBudget, match="any pause its vendor asked for"):
            await lab.within(5, "found")
        assert lab.clock() - began < 0.1
        assert len(lab.attempts) == 1

    lab(main)


def test_a_vendor_that_throttles_everything_is_asked_a_tenth_more_and_not_three_times_as_much() -> None:
    async def main(lab: Lab) -> None:
        began = lab.clock()
        reads = [lab.call(BUSY) for _ in range(300)]
        await asyncio.gather(*reads, return_exceptions=True)
        assert 300 < len(lab.attempts) <= 300 + 10 + 30 + (lab.clock() - began) + 1

    lab(main)


def test_the_budget_of_retries_fills_by_calls_and_by_time_and_saves_ten() -> None:
    moment = 0.0
    budget = RetryBudget(lambda: moment)
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(20):
        budget.called()
    assert [budget.take() for _ in range(3)] == [True, True, False]
    moment = 3600.0
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]


def test_a_dead_vendor_is_left_alone_and_its_callers_are_told_what_was_the_matter() -> None:
    async def main(lab: Lab) -> None:
        for _ in range(2):
            with pytest.raises(BackendUnavailable, match="HTTP 503"):
                await lab.call(DOWN)
        assert len(lab.attempts) == 5
        assert lab.gate.traffic().circuit is Circuit.OPEN
        for write in (False, True):
            with pytest.raises(CircuitOpen, match="Nothing was sent"):
                await lab.call("found", write=write)
        assert len(lab.attempts) == 5
        await asyncio.sleep(1)
        # A change may be the probe.
        assert await lab.call("done", write=True) == "done"
        assert lab.gate.traffic().circuit is Circuit.CLOSED

    lab(main)


def test_where_one_operation_is_broken_the_others_go_on_and_let_it_probe() -> None:
    async def main(lab: Lab) -> None:
        for _ in range(2):
            with pytest.raises(BackendUnavailable):
                await lab.call(DOWN, operation="ListPackages")
        with pytest.raises(CircuitOpen, match="not asked for ListPackages"):
            await lab.call("found", operation="ListPackages")
        assert lab.gate.traffic().circuit is Circuit.OPEN
        assert await lab.call("found") == "found"
        assert lab.gate.traffic().circuit is Circuit.HALF_OPEN
        with pytest.raises(BackendUnavailable, match="HTTP 503"):
            await lab.call(DOWN, operation="ListPackages")
        # One attempt, and it is left alone again.
        assert len(lab.attempts) == 5 + 1 + 1
        await lab.call("found")
        assert await lab.call("found", operation="ListPackages") == "found"
        assert lab.gate.traffic().circuit is Circuit.CLOSED

    lab(main)


def test_only_one_of_many_probes_a_vendor_that_may_be_back() -> None:
    async def main(lab: Lab) -> None:
        for _ in range(2):
            with pytest.raises(BackendUnavailable):
                await lab.call(DOWN)
        await asyncio.sleep(1)
        answers = await asyncio.gather(*(lab.call("found", seconds=0.5) for _ in range(10)), return_exceptions=True)
        assert answers.count("found") == 1
        assert sum(isinstance(one, CircuitOpen) for one in answers) == 9
        assert len(lab.attempts) == 6

    lab(main)


def test_those_who_wait_in_line_when_the_circuit_opens_are_not_let_through() -> None:
    async def main(lab: Lab) -> None:
        answers = await asyncio.gather(*(lab.call(DOWN, seconds=0.1) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(one, BackendUnavailable) for one in answers)
        assert len(lab.attempts) == 5

    lab(main, max_concurrent_calls=1, retries=0)


def test_a_vendor_that_refuses_or_throttles_is_there() -> None:
    async def main(lab: Lab) -> None:
        for error in (NotFound("None."), VendorRejected("No."), BUSY) * 10:
            with pytest.raises(GatewayError):
                await lab.call(error)
        assert lab.gate.traffic().circuit is Circuit.CLOSED

    lab(main, retries=0)


def test_an_attempt_that_takes_too_long_ends_and_frees_its_slot() -> None:
    async def main(lab: Lab) -> None:
        began = lab.clock()
        with pytest.raises(TimedOut, match="It took too long"):
            await lab.call("found", seconds=60)
        with pytest.raises(OutcomeUnknown):
            await lab.call("done", seconds=60, write=True)
        assert lab.clock() - began == pytest.approx(8, abs=0.5)
        assert lab.gate.traffic().under_way == 0

    lab(main, attempt_timeout="2s")


def test_reads_that_the_deadline_cuts_tell_that_a_vendor_does_not_answer() -> None:
    async def main(lab: Lab) -> None:
        for _ in range(5):
            with pytest.raises(TimedOut):
                await lab.within(1, "found", seconds=60)
        assert lab.gate.traffic().circuit is Circuit.OPEN

    lab(main, attempt_timeout="10s")


def test_callers_who_leave_tell_nothing_of_the_vendor() -> None:
    async def main(lab: Lab) -> None:
        for _ in range(20):
            reading = asyncio.ensure_future(lab.within(5, "found", seconds=1.5))
            await asyncio.sleep(1)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        traffic = lab.gate.traffic()
        assert (traffic.circuit, traffic.under_way, traffic.waiting) == (Circuit.CLOSED, 0, 0)

    lab(main)


def test_who_leaves_while_a_retry_is_waited_for_is_not_asked_for_again() -> None:
    async def main(lab: Lab) -> None:
        reading = asyncio.ensure_future(lab.call(Throttled("Later.", retry_after_seconds=3)))
        await asyncio.sleep(1)
        reading.cancel()
        await asyncio.sleep(10)
        assert len(lab.attempts) == 1
        assert lab.gate.traffic().under_way == 0

    lab(main)


def test_a_budget_that_is_used_up_does_not_make_a_vendor_look_down() -> None:
    async def main(lab: Lab) -> None:
        lab.health.succeeded()
        reads = await asyncio.gather(*(lab.within(2, "found") for _ in range(20)), return_exceptions=True)
        refused = [one for one in reads if isinstance(one, OverBudget)]
        assert 15 <= len(refused) < 20
        for one in refused:
            lab.health.failed(one)
        assert lab.health.reading().state is HealthState.UP
        assert lab.gate.traffic().circuit is Circuit.CLOSED

    lab(main, calls_per_second=1)
