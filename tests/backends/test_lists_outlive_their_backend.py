"""While a backend cannot be asked, lists show its last good answer and say so; nothing else does, and not for ever."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.operations import Operation
from gateway.domain.statuses import TaskStatus
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TASKS = """query Tasks($order: OtaTaskOrder, $first: Int! = 100, $after: String) {
  list: tasks(first: $first, after: $after, orderBy: $order) {
  nodes { id status backend { name } } pageInfo { hasNextPage endCursor }
  backends { name status fetchedAt error { __typename code message retryable } } } }"""
EXECUTIONS = """query Executions($task: ID!) { list: executions(first: 10, filter: { taskId: $task }) {
  nodes { id } backends { name status fetchedAt error { code } } } }"""
TASK = "query Task($id: ID!) { task(id: $id) { id status } }"
ORDERS: dict[str, Any] = {"merged": None, "streamed": {"field": "BACKEND", "direction": "ASC"}}
PAST_THE_CACHE = {"Cache-Control": "no-cache"}
PACE = {"cache_ttl": "50ms", "cache_hard_ttl": "50ms", "timeout": "2s"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, pace=PACE) as running:
        yield running


def statuses(page: dict[str, Any]) -> set[str]:
    return {result["status"] for result in page["backends"]}


def break_down(gateway: SimulatedGateway, kind: str = "error") -> None:
    for backend in gateway.backends.values():
        backend.fail(kind)


def recover(gateway: SimulatedGateway) -> None:
    for backend in gateway.backends.values():
        backend.faults.rules.clear()


async def when_all_are(
    status: str, gateway: SimulatedGateway, query: str, *, before: str = "OK", **variables: Any
) -> dict[str, Any]:
    """Ask until the list shows every backend so: what is kept takes a moment to age, a circuit one to close.

    Until then they are as they were `before`.
    """
    async with asyncio.timeout(30):
        for _ in count():
            page = (await gateway.ask(query, **variables))["list"]
            if statuses(page) == {status}:
                return page
            assert statuses(page) <= {status, before}
            await asyncio.sleep(0.1)
    raise AssertionError


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["error", "throttle"])
async def test_a_list_shows_the_last_answer_of_each_backend_and_why(
    gateway: SimulatedGateway, order: str, kind: str
) -> None:
    good = (await gateway.ask(TASKS, order=ORDERS[order]))["list"]
    break_down(gateway, kind)
    stale = await when_all_are("STALE", gateway, TASKS, order=ORDERS[order])
    assert stale["nodes"] == good["nodes"]
    assert len(stale["nodes"]) == 12 * len(gateway.backends)
    code = "THROTTLED" if kind == "throttle" else "BACKEND_UNAVAILABLE"
    for before, after in zip(good["backends"], stale["backends"], strict=True):
        assert (after["name"], after["fetchedAt"]) == (before["name"], before["fetchedAt"])
        assert (after["error"]["code"], after["error"]["retryable"]) == (code, True)

    recover(gateway)
    fresh = await when_all_are("OK", gateway, TASKS, before="STALE", order=ORDERS[order])
    assert fresh["nodes"] == good["nodes"]
    assert all(
        after["fetchedAt"] > before["fetchedAt"] and after["error"] is None
        for before, after in zip(good["backends"], fresh["backends"], strict=True)
    )


async def test_pages_of_a_stale_list_go_on_where_the_last_one_ended(gateway: SimulatedGateway) -> None:
    good = (await gateway.ask(TASKS))["list"]["nodes"]
    break_down(gateway)
    await when_all_are("STALE", gateway, TASKS)
    rows, after = [], None
    while True:
        page = (await gateway.ask(TASKS, first=7, after=after))["list"]
        assert statuses(page) == {"STALE"}
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert rows == good


async def test_one_that_fails_leaves_the_others_ok(gateway: SimulatedGateway) -> None:
    await gateway.ask(TASKS)
    dead = next(iter(gateway.backends.values()))
    dead.fail("error")
    async with asyncio.timeout(30):
        stale: set[str] = set()
        while not stale:
            page = (await gateway.ask(TASKS))["list"]
            stale = {one["name"] for one in page["backends"] if one["status"] != "OK"}
    assert stale == {dead.name}
    assert statuses(page) <= {"OK", "STALE"}
    assert len(page["nodes"]) == 12 * len(gateway.backends)


async def test_executions_of_a_task_outlive_their_backend_too(gateway: SimulatedGateway) -> None:
    tasks = (await gateway.ask(TASKS))["list"]["nodes"]
    chosen = {task["backend"]["name"]: task["id"] for task in tasks}
    good = [(await gateway.ask(EXECUTIONS, task=task))["list"] for task in chosen.values()]
    break_down(gateway)
    for task, before in zip(chosen.values(), good, strict=True):
        page = await when_all_are("STALE", gateway, EXECUTIONS, task=task)
        assert page["nodes"] == before["nodes"]
        assert page["backends"][0]["fetchedAt"] == before["backends"][0]["fetchedAt"]
    assert len(good) == len(gateway.backends)


async def test_a_single_object_is_never_shown_stale(gateway: SimulatedGateway) -> None:
    tasks = (await gateway.ask(TASKS))["list"]["nodes"]
    chosen = {task["backend"]["name"]: task["id"] for task in tasks}
    for task in chosen.values():
        assert (await gateway.ask(TASK, id=task))["task"]
    break_down(gateway)
    # By then what is kept of single objects is too old as well.
    await when_all_are("STALE", gateway, TASKS)
    for task in chosen.values():
        answer = await gateway.answer(TASK, id=task)
        assert answer["data"] == {"task": None}
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["BACKEND_UNAVAILABLE"]


@pytest.mark.parametrize("order", ORDERS)
async def test_who_reads_past_the_cache_is_given_nothing_stale(gateway: SimulatedGateway, order: str) -> None:
    await gateway.ask(TASKS, order=ORDERS[order])
    break_down(gateway)
    page = (await gateway.ask(TASKS, PAST_THE_CACHE, order=ORDERS[order]))["list"]
    assert (statuses(page), page["nodes"]) == ({"FAILED"}, [])


@pytest.mark.parametrize("order", ORDERS)
async def test_a_list_that_was_never_read_has_no_last_answer(gateway: SimulatedGateway, order: str) -> None:
    break_down(gateway)
    page = (await gateway.ask(TASKS, order=ORDERS[order]))["list"]
    assert (statuses(page), page["nodes"]) == ({"FAILED"}, [])


@pytest.mark.parametrize("order", ORDERS)
async def test_without_a_bound_above_nothing_no_list_is_stale(tmp_path: Path, order: str) -> None:
    async with simulated_gateway(tmp_path, pace=PACE | {"stale_if_error": "0s"}) as gateway:
        await gateway.ask(TASKS, order=ORDERS[order])
        break_down(gateway)
        page = await when_all_are("FAILED", gateway, TASKS, order=ORDERS[order])
        assert page["nodes"] == []


async def test_nothing_from_before_a_change_is_shown_as_it_was(gateway: SimulatedGateway) -> None:
    able = {slug: one for slug, one in gateway.backends.items() if _supports(one.manifest, Operation.CANCEL_TASK)}
    tasks = (await gateway.ask(TASKS))["list"]["nodes"]
    await gateway.ask(TASKS, order=ORDERS["streamed"])
    cancelled: dict[str, str] = {}
    for task in tasks:
        name = task["backend"]["name"]
        if name in {one.name for one in able.values()} and name not in cancelled:
            done = await gateway.change("cancelOtaTask", id=task["id"], reason="a test", force=True)
            if done["outcome"] == "DONE":
                cancelled[name] = task["id"]
    assert len(cancelled) == len(able)
    break_down(gateway)
    streamed = (await gateway.ask(TASKS, order=ORDERS["streamed"]))["list"]
    assert {one["status"] for one in streamed["backends"] if one["name"] in cancelled} == {"FAILED"}
    async with asyncio.timeout(30):
        while "OK" in statuses(merged := (await gateway.ask(TASKS))["list"]):
            pass
    shown = {task["id"]: task["status"] for task in merged["nodes"]}
    # What a change left was put into the snapshot, or the snapshot is gone.
    assert {shown.get(task) for task in cancelled.values()} <= {TaskStatus.CANCELED, TaskStatus.CANCELING, None}


def _supports(manifest: Any, operation: Operation) -> bool:
    return any(one.operation is operation and one.support.value != "NONE" for one in manifest.capabilities)
