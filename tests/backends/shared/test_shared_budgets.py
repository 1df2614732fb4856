"""One call budget over several processes, kept by the clock of Redis; each process's part of it without Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from time import monotonic

import pytest

from gateway.backends.bulkhead import Bulkhead
from gateway.backends.line import Line
from gateway.backends.priority import Priority
from gateway.backends.shared.sharing import Sharing
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import BackendSettings
from tests.support.redis_server import RedisServer


class Taking:
    """One process's line before the account, through which calls go and are back at once."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def take(self, priority: Priority = Priority.INTERACTIVE) -> None:
        await self._line.enter(priority)
        self._line.leave()


Budgets = Callable[..., Awaitable[list[Taking]]]


def now() -> datetime:
    return datetime.now(UTC)


def settings(calls_per_second: float, name: str = "lab") -> BackendSettings:
    slug = next(iter(installed_vendors()))
    return BackendSettings(name=name, vendor=slug, calls_per_second=calls_per_second)


@pytest.fixture
async def budgets() -> AsyncIterator[Budgets]:
    """The budgets of one account as each of several processes has it."""
    async with AsyncExitStack() as following:

        async def of(url: str, calls_per_second: float, processes: int = 2, name: str = "lab") -> list[Taking]:
            found = []
            for _ in range(processes):
                sharing = Sharing(url, processes, now)
                await following.enter_async_context(sharing.following())
                budget = sharing.budget(settings(calls_per_second, name), "http://vendor")
                found.append(Taking(Line(name, Bulkhead(1000), budget)))
            return found

        yield of


async def charged(url: str, calls_per_second: float) -> float:
    """How long another process waits for a call after one has made so many more than it had taken."""
    async with AsyncExitStack() as following:
        each = []
        for _ in range(2):
            sharing = Sharing(url, 2, now)
            await following.enter_async_context(sharing.following())
            each.append(sharing.budget(settings(calls_per_second), "http://vendor"))
        await each[0].obtain(1)
        each[0].charge(int(1.5 * calls_per_second))
        await asyncio.sleep(0.1)
        begun = monotonic()
        await each[1].obtain(1)
        return monotonic() - begun


async def taken(budget: Taking, until: float) -> int:
    """How many calls go through by then, of any number that wants to."""
    count = 0

    async def caller() -> None:
        nonlocal count
        while True:
            await budget.take()
            count += 1

    callers = [asyncio.create_task(caller()) for _ in range(5)]
    await asyncio.sleep(until - monotonic())
    for one in callers:
        one.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return count


async def test_processes_together_make_no_more_calls_than_one_may(shared_redis: RedisServer, budgets: Budgets) -> None:
    three = await budgets(shared_redis.url(), 20, 3)
    started = monotonic()
    counts = await asyncio.gather(*(taken(one, started + 2) for one in three))
    took = monotonic() - started
    # A second's worth may go at once.
    assert sum(counts) <= 20 + 20 * took + 1
    assert sum(counts) >= 20 + 20 * 1
    assert min(counts) >= sum(counts) / 6


async def test_a_budget_of_less_than_a_call_a_second_is_kept(shared_redis: RedisServer, budgets: Budgets) -> None:
    two = await budgets(shared_redis.url(), 0.5)
    counts = await asyncio.gather(*(taken(one, monotonic() + 1.5) for one in two))
    assert sum(counts) == 1


async def test_accounts_have_budgets_of_their_own(shared_redis: RedisServer, budgets: Budgets) -> None:
    (one,) = await budgets(shared_redis.url(), 1, 1, "one")
    (other,) = await budgets(shared_redis.url(), 1, 1, "other")
    await one.take()
    async with asyncio.timeout(0.5):
        await other.take()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await one.take()


async def test_who_gives_up_waiting_leaves_the_others_in_their_order(
    shared_redis: RedisServer, budgets: Budgets
) -> None:
    (one,) = await budgets(shared_redis.url(), 10, 1)
    await asyncio.gather(*(one.take() for _ in range(10)))
    order: list[int] = []

    async def caller(number: int) -> None:
        await one.take()
        order.append(number)

    callers = [asyncio.create_task(caller(number)) for number in range(6)]
    await asyncio.sleep(0.02)
    for number in (1, 4):
        callers[number].cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    assert order == [0, 2, 3, 5]


async def test_without_redis_each_process_keeps_to_its_part(own_redis: RedisServer, budgets: Budgets) -> None:
    four = await budgets(own_redis.url(), 40, 4)
    await asyncio.gather(*(one.take() for one in four))
    own_redis.kill()
    # The first call finds out.
    await four[0].take()
    started = monotonic()
    counts = await asyncio.gather(*(taken(one, started + 1) for one in four))
    took = monotonic() - started
    assert all(count <= 10 + 10 * took + 1 for count in counts)
    assert all(count >= 10 for count in counts)


async def test_calls_that_wait_when_redis_goes_are_made_all_the_same(own_redis: RedisServer, budgets: Budgets) -> None:
    (one,) = await budgets(own_redis.url(), 5, 1)
    await asyncio.gather(*(one.take() for _ in range(5)))
    waiting = [asyncio.create_task(one.take()) for _ in range(4)]
    await asyncio.sleep(0)
    own_redis.kill()
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)


async def test_a_change_goes_before_the_polls_that_wait_in_its_process(
    shared_redis: RedisServer, budgets: Budgets
) -> None:
    (one,) = await budgets(shared_redis.url(), 10, 1, "hurried")
    await asyncio.gather(*(one.take() for _ in range(10)))
    order: list[Priority] = []

    async def caller(priority: Priority) -> None:
        await one.take(priority)
        order.append(priority)

    polls = [asyncio.create_task(caller(Priority.POLL)) for _ in range(3)]
    await asyncio.sleep(0.02)
    await caller(Priority.MUTATION)
    assert order == [Priority.MUTATION]
    await asyncio.gather(*polls)


async def test_calls_that_were_taken_and_not_made_are_given_back(shared_redis: RedisServer, budgets: Budgets) -> None:
    (one,) = await budgets(shared_redis.url(), 0.5, 1, "given-up")
    await one.take()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await one.take()
    # The call that was taken for it comes, and nobody is there.
    await asyncio.sleep(2.2)
    async with asyncio.timeout(1):
        await one.take()


async def test_without_redis_the_budget_is_divided_by_all_who_asked_for_it(
    own_redis: RedisServer, budgets: Budgets
) -> None:
    """Gateways on several machines are told of one worker each; that they are three they know from each other."""
    three = [(await budgets(own_redis.url(), 60, 1))[0] for _ in range(3)]
    for one in (*three, *three):
        await one.take()
    own_redis.kill()
    await asyncio.gather(*(one.take() for one in three))
    started = monotonic()
    counts = await asyncio.gather(*(taken(one, started + 1) for one in three))
    took = monotonic() - started
    assert all(count <= 20 + 20 * took + 1 for count in counts)
    assert all(count >= 20 for count in counts)


async def test_calls_that_were_made_before_they_were_taken_are_waited_for_by_all(shared_redis: RedisServer) -> None:
    assert 0.2 <= await charged(shared_redis.url(), 20) <= 1.5
