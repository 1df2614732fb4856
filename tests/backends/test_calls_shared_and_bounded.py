"""Equal reads under way are one call; deadlines hold."""

import asyncio
from datetime import timedelta

import pytest

from gateway.backends.deadline import ended_within, within
from gateway.backends.single_flight import SingleFlight
from gateway.domain.errors import NotFound, TimedOut


class Vendor:
    """Counts its calls, and answers when it is let."""

    def __init__(self) -> None:
        self.calls = 0
        self.cancelled = 0
        self.may_answer = asyncio.Event()

    async def call(self) -> int:
        self.calls += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.calls


async def test_a_thousand_askers_of_one_key_cost_one_call() -> None:
    flights, vendor = SingleFlight(), Vendor()
    askers = [asyncio.create_task(flights.run("key", vendor.call)) for _ in range(1000)]
    await asyncio.sleep(0)
    vendor.may_answer.set()
    assert set(await asyncio.gather(*askers)) == {1}
    assert vendor.calls == 1
    assert await flights.run("key", vendor.call) == 2


async def test_other_keys_are_other_calls() -> None:
    flights, vendor = SingleFlight(), Vendor()
    vendor.may_answer.set()
    await asyncio.gather(flights.run("a", vendor.call), flights.run("b", vendor.call))
    assert vendor.calls == 2


async def test_who_leaves_early_leaves_the_others_their_answer() -> None:
    flights, vendor = SingleFlight(), Vendor()
    early, patient = (asyncio.create_task(flights.run("key", vendor.call)) for _ in range(2))
    await asyncio.sleep(0)
    early.cancel()
    vendor.may_answer.set()
    assert await patient == 1
    with pytest.raises(asyncio.CancelledError):
        await early


async def test_the_last_to_leave_ends_the_call() -> None:
    flights, vendor = SingleFlight(), Vendor()
    askers = [asyncio.create_task(flights.run("key", vendor.call)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for asker in askers:
        asker.cancel()
    await asyncio.gather(*askers, return_exceptions=True)
    await asyncio.sleep(0)
    assert vendor.cancelled == 1


async def test_who_asks_after_the_last_has_left_can_be_joined() -> None:
    flights, left, vendor = SingleFlight(), Vendor(), Vendor()
    early = asyncio.create_task(flights.run("key", left.call))
    await asyncio.sleep(0)
    early.cancel()
    askers = [asyncio.create_task(flights.run("key", vendor.call)) for _ in range(2)]
    await asyncio.sleep(0.01)
    askers.append(asyncio.create_task(flights.run("key", vendor.call)))
    await asyncio.sleep(0.01)
    vendor.may_answer.set()
    assert await asyncio.gather(*askers) == [1, 1, 1]


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    flights = SingleFlight()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise NotFound("It is not there.")

    async def answer() -> int:
        return 7

    results = await asyncio.gather(*(flights.run("key", fail) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [NotFound] * 3
    assert await flights.run("key", answer) == 7


async def test_a_read_that_takes_too_long_is_timed_out_with_what_to_do() -> None:
    with pytest.raises(TimedOut, match=r"eu-fleet did not answer within 0.05 s.*timeout") as caught:
        await within(timedelta(seconds=0.05), lambda: asyncio.sleep(5), backend="eu-fleet")
    assert caught.value.backend == "eu-fleet"
    assert caught.value.retryable


async def test_waiting_for_a_shared_task_ends_in_time_and_leaves_it_running() -> None:
    vendor = Vendor()
    task = asyncio.create_task(vendor.call())
    assert not await ended_within(0.02, task)
    leaving, staying = (asyncio.create_task(ended_within(30, task)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    vendor.may_answer.set()
    assert await staying
    assert (task.result(), vendor.cancelled) == (1, 0)
    assert await ended_within(0, task)
