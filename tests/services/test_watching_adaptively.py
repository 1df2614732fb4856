"""One poller for each watched thing: how often it looks, what it spends, and what those who listen are told."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from prometheus_client import REGISTRY

from gateway.domain.errors import BackendUnavailable, InvalidInput, NotFound
from gateway.domain.ids import Kind
from gateway.domain.statuses import ExecutionStatus, TaskStatus
from gateway.services.caller import Caller
from gateway.services.watching import WatchPace
from tests.support.watched_world import PAGE, WatchedWorld, watched

HOUR = 3600.0


def number(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def differences(before: tuple[float, ...], after: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(last - first for first, last in zip(before, after, strict=True))


def test_a_hundred_who_listen_cost_what_one_costs_and_are_all_told_the_same() -> None:
    async def main(world: WatchedWorld) -> None:
        async def rate_with(number: int) -> float:
            task = world.vendor.put("t", "0")
            streams = [world.listening(task) for _ in range(number)]
            heard = [await one.__aenter__() for one in streams]
            await asyncio.sleep(2)
            since = world.clock()
            for change in range(1, 21):
                world.vendor.put("t", str(change))
                await asyncio.sleep(1.5)
            told = {tuple(event.description for event in one.events) for one in heard}
            assert len(told) == 1
            assert next(iter(told))[0] == "0"
            assert next(iter(told))[-1] == "20"
            for one in streams:
                await one.__aexit__(None, None, None)
            return len(world.moments(since)) / (world.clock() - since)

        alone = await rate_with(1)
        assert await rate_with(100) == pytest.approx(alone, abs=0.1)

    watched(main)


def test_it_is_looked_at_soon_after_a_change_and_ever_more_seldom_without_one() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t", "before")
        async with world.listening(task) as heard:
            await asyncio.sleep(HOUR)
            still = world.moments(0)
            gaps = [after - before for before, after in pairwise(still)]
            assert gaps[0] <= 1.6
            assert all(after > before / 2 for before, after in pairwise(gaps))
            assert all(gap == pytest.approx(30, abs=0.2) for gap in gaps[8:])
            world.vendor.put("t", "after")
            await asyncio.sleep(31)
            assert [event.description for event in heard.events] == ["before", "after"]
            found = next(at for at in world.moments(0) if at > still[-1])
            await asyncio.sleep(10)
            first, second, *_ = [at for at in world.moments(0) if at > found]
            assert first - found <= 1.6
            assert second - first <= 3.1

    watched(main)


def test_a_task_that_has_ended_is_looked_at_seldom_from_the_start() -> None:
    async def main(world: WatchedWorld) -> None:
        async with world.listening(world.vendor.put("t", status=TaskStatus.COMPLETED)):
            await asyncio.sleep(HOUR)
        assert len(world.vendor.calls) <= HOUR / 30 + 3

    watched(main)


def test_five_hundred_watched_tasks_keep_to_their_share_of_the_budget_and_each_has_its_turn() -> None:
    async def main(world: WatchedWorld) -> None:
        refs = [world.vendor.put(f"t{number}") for number in range(500)]
        async with world.listening(*refs) as heard:
            await asyncio.sleep(150)
            assert len(heard.events) == 500
            for minute in range(4):
                since = world.clock()
                for number in range(500):
                    world.vendor.put(f"t{number}", f"{minute}")
                await asyncio.sleep(120)
                moments = world.moments(since)
                # Half of ten a second, and what may come at once.
                assert len(moments) <= 5 * 120 + 5
                asked = Counter(name for at, name in world.vendor.calls if at >= since)
                assert len(asked) == 500
                assert max(asked.values()) - min(asked.values()) <= 1
            assert {event.description for event in heard.events} > {"", "1", "2"}

    watched(main, calls_per_second=10)


def test_a_look_of_several_calls_costs_as_many() -> None:
    async def main(world: WatchedWorld) -> None:
        world.vendor.calls_a_task = 3
        async with world.listening(*[world.vendor.put(f"t{number}") for number in range(100)]):
            await asyncio.sleep(120)
            since = world.clock()
            await asyncio.sleep(300)
            # Eight looks are under way at most when the budget is used up.
            assert len(world.moments(since)) <= 5 * 300 + 8 * 3

    watched(main, pace=WatchPace(slowest=2), calls_per_second=10)


def test_who_begins_to_listen_does_not_wait_behind_all_other_looks() -> None:
    async def main(world: WatchedWorld) -> None:
        async with world.listening(*[world.vendor.put(f"t{number}") for number in range(500)]):
            await asyncio.sleep(150)
            async with world.listening(world.vendor.put("new", "here")) as heard:
                await asyncio.sleep(3)
                assert [event.description for event in heard.events] == ["here"]

    watched(main, calls_per_second=10)


def test_the_pages_of_a_large_task_count_too() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t")
        ids = [world.vendor.put_execution(f"d{number}") for number in range(20 * PAGE)]
        async with world.listening(task, executions=True) as heard:
            await asyncio.sleep(60)
            assert [event.id for event in heard.events] == ids
            for number in range(600):
                world.vendor.put_execution("d7", list(ExecutionStatus)[number % 2])
                await asyncio.sleep(1)
            assert len(world.moments(world.clock() - 600)) <= 5 * 600 + 5
            assert {event.id for event in heard.events[len(ids) :]} == {ids[7]}

    watched(main, calls_per_second=10)


def test_who_does_not_take_its_events_is_shown_what_is_there_when_it_does() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t", "0")
        slow = world.watching.tasks(Caller(), [task])
        assert (await anext(slow)).description == "0"
        async with world.listening(task) as heard:
            for change in range(1, 200):
                world.vendor.put("t", str(change))
                await asyncio.sleep(1)
            await asyncio.sleep(60)
            assert len(heard.events) > 100
            assert (await anext(slow)).description == heard.events[-1].description == "199"
            world.vendor.put("t", "200")
            assert (await anext(slow)).description == "200"
        await slow.aclose()

    watched(main)


def test_a_look_that_fails_ends_no_stream_and_who_comes_meanwhile_is_told() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t", "before")
        async with world.listening(task) as heard:
            await asyncio.sleep(5)
            world.vendor.failing = BackendUnavailable("It is away.")
            since = world.clock()
            await asyncio.sleep(600)
            # Each look is tried three times.
            assert len(world.moments(since)) <= 3 * (600 / 30 + 8)
            async with world.listening(task) as late:
                await asyncio.sleep(3)
            assert late.events == []
            assert isinstance(late.error, BackendUnavailable)
            world.vendor.failing = None
            world.vendor.put("t", "after")
            await asyncio.sleep(60)
            assert ([event.description for event in heard.events], heard.error) == (["before", "after"], None)

    watched(main)


def test_a_change_through_the_gateway_is_seen_at_once() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t", "before")
        async with world.listening(task) as heard, world.listening(task, executions=True) as rows:
            await asyncio.sleep(HOUR)
            async with world.stack.changing(Kind.TASK):
                world.vendor.put("t", "after")
                ids = [world.vendor.put_execution("d")]
            await asyncio.sleep(1.6)
            assert heard.events[-1].description == "after"
            assert [event.id for event in rows.events] == ids

    watched(main)


def test_a_watch_ends_with_the_last_who_listens() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t")
        async with world.listening(task):
            async with world.listening(task):
                await asyncio.sleep(10)
            since = world.clock()
            await asyncio.sleep(100)
            assert world.moments(since)
        since = world.clock()
        await asyncio.sleep(HOUR)
        assert world.moments(since) == []

    watched(main)


def test_when_the_gateway_ends_so_do_the_streams_without_an_error() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t")
        async with world.listening(task) as heard, world.listening(task, executions=True) as rows:
            await asyncio.sleep(5)
            await world.watching.aclose()
            await asyncio.sleep(1)
            assert [(one.ended, one.error) for one in (heard, rows)] == [(True, None)] * 2
            async with world.listening(task) as late:
                await asyncio.sleep(1)
            assert (late.ended, late.events) == (True, [])

    watched(main)


def test_what_is_watched_and_found_is_counted() -> None:
    async def main(world: WatchedWorld) -> None:
        def counted() -> tuple[float, ...]:
            return (
                *(number(f"ota_gateway_{name}", kind="task") for name in ("watched_objects", "watchers")),
                number("ota_gateway_watch_events_total", kind="task"),
                *(
                    number("ota_gateway_watch_looks_total", kind="task", outcome=outcome)
                    for outcome in ("changed", "unchanged", "failed", "gone")
                ),
            )

        before = counted()
        task = world.vendor.put("t")
        async with world.listening(task), world.listening(task):
            await asyncio.sleep(5)
            objects, watchers, events, changed, unchanged, *_ = differences(before, counted())
            assert (objects, watchers, events, changed) == (1, 2, 2, 1)
            assert unchanged >= 1
            world.vendor.failing = BackendUnavailable("It is away.")
            await asyncio.sleep(20)
            world.vendor.failing = None
            del world.vendor.tasks["t"]
            await asyncio.sleep(60)
        objects, watchers, events, changed, _, failed, gone = differences(before, counted())
        assert (objects, watchers, events, changed, gone) == (0, 0, 2, 1, 1)
        assert failed >= 1

    watched(main)


def test_a_stream_ends_when_all_its_tasks_are_gone() -> None:
    async def main(world: WatchedWorld) -> None:
        async with world.listening(world.vendor.put("a"), world.vendor.put("b")) as heard:
            await asyncio.sleep(5)
            del world.vendor.tasks["a"]
            await asyncio.sleep(60)
            assert not heard.ended
            del world.vendor.tasks["b"]
            await asyncio.sleep(60)
            assert heard.ended

    watched(main)


def test_executions_end_with_their_task_and_are_not_found_without_it() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t")
        world.vendor.put_execution("d")
        async with world.listening(task, executions=True) as heard:
            await asyncio.sleep(5)
            del world.vendor.tasks["t"]
            await asyncio.sleep(60)
            assert (len(heard.events), heard.ended, heard.error) == (1, True, None)
        async with world.listening(task, executions=True) as late:
            await asyncio.sleep(1)
            assert isinstance(late.error, NotFound)

    watched(main)


def test_an_execution_that_left_the_list_is_shown_again_when_it_comes_back() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t")
        stays, leaves = world.vendor.put_execution("stays"), world.vendor.put_execution("leaves")
        async with world.listening(task, executions=True) as heard:
            await asyncio.sleep(5)
            del world.vendor.executions["leaves"]
            await asyncio.sleep(100)
            async with world.listening(task, executions=True) as late:
                await asyncio.sleep(100)
            assert [event.id for event in late.events] == [stays]
            world.vendor.put_execution("leaves")
            await asyncio.sleep(60)
            assert [event.id for event in heard.events] == [stays, leaves, leaves]

    watched(main)


def test_a_task_of_more_executions_than_are_watched_is_refused_and_says_what_to_do() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t")
        for number in range(100):
            world.vendor.put_execution(f"d{number}")
        async with world.listening(task, executions=True) as heard:
            await asyncio.sleep(10)
            assert (len(heard.events), heard.error) == (100, None)
            world.vendor.put_execution("one more")
            await asyncio.sleep(100)
            assert isinstance(heard.error, InvalidInput)
            assert "taskUpdated" in heard.error.message

    watched(main, pace=WatchPace(most_executions=100))


def test_who_asks_for_what_is_fresh_is_not_shown_what_was_seen_before() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t", "before")
        async with world.listening(task):
            await asyncio.sleep(0.5)
            world.vendor.put("t", "after")
            async with world.listening(task, fresh=True) as heard, world.listening(task) as content:
                await asyncio.sleep(0.3)
                assert [event.description for event in heard.events] == ["after"]
                assert content.events[-1].description == "after"

    watched(main)


def test_looks_that_somebody_asks_for_do_not_slow_down_the_others() -> None:
    async def main(world: WatchedWorld) -> None:
        task = world.vendor.put("t", "before")
        async with world.listening(task) as heard:
            await asyncio.sleep(2)
            world.vendor.put("t", "changed")
            while heard.events[-1].description != "changed":  # noqa: ASYNC110 - the clock skips it
                await asyncio.sleep(0.05)
            for _ in range(4):
                async with world.listening(task, fresh=True) as early:
                    await asyncio.sleep(0.12)
                    assert early.events
            world.vendor.put("t", "soon after")
            await asyncio.sleep(3.1)
            assert heard.events[-1].description == "soon after"

    watched(main)
