"""A slow backend holds up nobody who does not ask for it, and many backends are asked at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from tests.support.simulated_gateway import SimulatedGateway, gateway_settings, served, simulated_gateway

TASKS = """query Tasks($names: [String!]) { tasks(filter: { backends: $names }, first: 100) {
  nodes { name backend { name } } backends { name status error { code retryable } } } }"""
DEFERRED = """query Page($others: [String!], $slow: [String!]) {
  fast: tasks(filter: { backends: $others }, first: 100) { nodes { name backend { name } } }
  ... @defer { slow: tasks(filter: { backends: $slow }, first: 100) { nodes { name backend { name } } } } }"""
FIRST, *REST = sorted(installed_vendors())
TASKS_EACH = 12
MANY = 64
STILL = {"quotas": False, "speed": 0.0}


class Holding:
    """A simulated vendor that answers nobody before it is released, or before so many ask at the same time."""

    def __init__(self, *, tasks: int = TASKS_EACH, until_asked: int | None = None) -> None:
        self.calls: dict[str, int] = {}
        self._simulator = installed_vendors()[FIRST].simulator(SimulatorOptions(tasks=tasks, **STILL))
        self._until_asked = until_asked
        self.requests: list[tuple[str, bytes]] = []
        self.was_asked = asyncio.Event()
        self.released = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append((scope["path"], scope["query_string"]))
        self.was_asked.set()
        if len(self.requests) == self._until_asked:
            self.released.set()
        await self.released.wait()
        await self._simulator(scope, receive, send)


@asynccontextmanager
async def beside(slow: Holding, folder: Path, *, deadline: str) -> AsyncIterator[SimulatedGateway]:
    """The gateway over a backend of each vendor, the first of them the slow one."""
    pace = {"timeout": deadline, "attempt_timeout": "60s"}
    async with (
        serving(slow) as url,
        simulated_gateway(folder, pace=pace, backends={FIRST: {"endpoint": url}}) as gateway,
    ):
        try:
            yield gateway
        finally:
            slow.released.set()


@pytest.mark.skipif(not REST, reason="with one vendor there is no other to be slow beside")
async def test_a_list_of_the_others_is_answered_while_someone_waits_for_the_slow_one(tmp_path: Path) -> None:
    slow = Holding()
    async with beside(slow, tmp_path, deadline="60s") as gateway:
        others = [gateway.backends[slug].name for slug in REST]
        waiting = asyncio.create_task(gateway.ask(TASKS))
        await slow.was_asked.wait()
        page = (await gateway.ask(TASKS, names=others))["tasks"]
        assert not waiting.done()
        assert {one["name"]: one["status"] for one in page["backends"]} == dict.fromkeys(others, "OK")
        assert {node["backend"]["name"] for node in page["nodes"]} == set(others)

        slow.released.set()
        whole = (await waiting)["tasks"]
    assert {one["status"] for one in whole["backends"]} == {"OK"}
    assert len(whole["nodes"]) == TASKS_EACH * len(gateway.backends)


@pytest.mark.skipif(not REST, reason="with one vendor there is no other to be slow beside")
async def test_at_the_deadline_the_slow_one_is_marked_and_the_others_rows_are_shown(tmp_path: Path) -> None:
    slow = Holding()
    async with beside(slow, tmp_path, deadline="1s") as gateway:
        page = (await gateway.ask(TASKS))["tasks"]
        assert not slow.released.is_set()
        marked = {one["name"]: (one["status"], one["error"]) for one in page["backends"]}
        name = gateway.backends[FIRST].name
        assert marked.pop(name) == ("FAILED", {"code": "BACKEND_UNAVAILABLE", "retryable": True})
        assert set(marked.values()) == {("OK", None)}
        assert {node["backend"]["name"] for node in page["nodes"]} == set(marked)


@pytest.mark.skipif(not REST, reason="with one vendor there is no other to be slow beside")
async def test_what_is_deferred_of_a_slow_backend_does_not_hold_the_page(tmp_path: Path) -> None:
    slow = Holding()
    async with beside(slow, tmp_path, deadline="60s") as gateway, httpx.AsyncClient(trust_env=False) as client:
        others = [gateway.backends[slug].name for slug in REST]
        one = [gateway.backends[FIRST].name]
        sent = {"query": DEFERRED, "variables": {"others": others, "slow": one}}
        accept = {"accept": "multipart/mixed;incrementalSpec=v0.2"}
        async with client.stream("POST", f"{gateway.url}/graphql", json=sent, headers=accept, timeout=60) as answer:
            lines = answer.aiter_lines()
            first = await anext(json.loads(line) async for line in lines if line.startswith("{"))
            assert set(first["data"]) == {"fast"}
            assert len(first["data"]["fast"]["nodes"]) == TASKS_EACH * len(REST)
            # The vendor was asked at once, and still holds its answer.
            assert slow.was_asked.is_set()
            assert not slow.released.is_set()
            slow.released.set()
            last = await anext(json.loads(line) async for line in lines if line.startswith("{"))
    (part,) = last["incremental"]
    assert {node["backend"]["name"] for node in part["data"]["slow"]["nodes"]} == set(one)
    assert len(part["data"]["slow"]["nodes"]) == TASKS_EACH


async def test_what_a_slow_backend_answers_after_the_deadline_is_shown_to_the_next_who_asks(tmp_path: Path) -> None:
    slow = Holding()
    async with beside(slow, tmp_path, deadline="1s") as gateway:
        name = gateway.backends[FIRST].name
        late = (await gateway.ask(TASKS, names=[name]))["tasks"]
        slow.released.set()
        page = (await gateway.ask(TASKS, names=[name]))["tasks"]
    assert [one["status"] for one in late["backends"]] == ["FAILED"]
    assert [one["status"] for one in page["backends"]] == ["OK"]
    assert len(page["nodes"]) == TASKS_EACH
    # What it was answering already, it was not asked for again.
    assert len(slow.requests) == len(set(slow.requests))


async def test_sixty_four_backends_are_asked_at_once(tmp_path: Path) -> None:
    vendor = Holding(tasks=1, until_asked=MANY)
    async with serving(vendor) as url:
        section = {"vendor": FIRST, "endpoint": url, **installed_vendors()[FIRST].demo_settings(url)}
        sections = [{"name": f"fleet-{number}", **section} for number in range(MANY)]
        settings = gateway_settings(tmp_path, sections, {"timeout": "20s", "attempt_timeout": "20s"})
        async with served(settings) as gateway, httpx.AsyncClient(timeout=60, trust_env=False) as client:
            answer = (await client.post(f"{gateway}/graphql", json={"query": TASKS})).json()
    backends = answer["data"]["tasks"]["backends"]
    assert {one["name"]: one["status"] for one in backends} == {f"fleet-{number}": "OK" for number in range(MANY)}
    assert len(answer["data"]["tasks"]["nodes"]) == MANY
