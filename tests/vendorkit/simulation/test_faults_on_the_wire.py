"""Each fault, as a client on a real socket meets it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.vendorkit.simulation.answers import SimulatedApi, WireAnswer, WireRequest
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule, read_fault_plan
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving, serving_in_thread


class Ledger(SimulatedApi):
    """Two operations: POST adds an entry, GET counts them."""

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options)
        self.entries: list[str] = []

    def operation_of(self, request: WireRequest) -> str:
        return {"POST": "Add", "GET": "Count"}[request.method]

    def answer(self, operation: str, request: WireRequest, fault: FaultRule | None) -> WireAnswer:
        if operation == "Add":
            self.entries.append("reborn" if fault else request.body.decode())
        return WireAnswer(status=200, body=b'{"entries": %d}' % len(self.entries))

    def throttled(self, operation: str) -> WireAnswer:
        return WireAnswer(status=429, body=f"slow down {operation}".encode())

    def failed(self, operation: str, status: int) -> WireAnswer:
        return WireAnswer(status=status, body=f"{operation} is down".encode())


@asynccontextmanager
async def ledger(*rules: FaultRule) -> AsyncIterator[tuple[Ledger, httpx.AsyncClient]]:
    simulator = Ledger(SimulatorOptions(faults=FaultPlan(list(rules))))
    async with serving(simulator) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield simulator, client


async def test_without_a_fault_requests_are_answered_and_counted() -> None:
    async with ledger() as (simulator, client):
        await client.post("/", content=b"a")
        assert (await client.get("/")).json() == {"entries": 1}
    assert simulator.calls == {"Add": 1, "Count": 1}


async def test_delay_answers_late() -> None:
    async with ledger(FaultRule(fault=FaultKind.DELAY, seconds=0.2, times=1)) as (_, client):
        began = time.monotonic()
        assert (await client.get("/")).json() == {"entries": 0}
        assert time.monotonic() - began >= 0.2


async def test_throttle_gives_the_vendors_throttling_answer_and_does_nothing() -> None:
    async with ledger(FaultRule(fault=FaultKind.THROTTLE)) as (simulator, client):
        answer = await client.post("/", content=b"a")
        assert (answer.status_code, answer.text) == (429, "slow down Add")
    assert simulator.entries == []


async def test_error_gives_the_vendors_own_5xx() -> None:
    async with ledger(FaultRule(fault=FaultKind.ERROR, status=500)) as (simulator, client):
        answer = await client.post("/", content=b"a")
        assert (answer.status_code, answer.text) == (500, "Add is down")
    assert simulator.entries == []


async def test_html_gives_a_proxys_page() -> None:
    async with ledger(FaultRule(fault=FaultKind.HTML, status=502)) as (_, client):
        answer = await client.get("/")
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<html>")


async def test_cut_ends_the_connection_inside_the_body() -> None:
    async with ledger(FaultRule(fault=FaultKind.CUT)) as (_, client):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.get("/")


async def test_drop_closes_the_connection_and_does_nothing() -> None:
    async with ledger(FaultRule(fault=FaultKind.DROP)) as (simulator, client):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.post("/", content=b"a")
    assert simulator.entries == []


async def test_answer_lost_does_the_work_and_then_closes_the_connection() -> None:
    async with ledger(FaultRule(fault=FaultKind.ANSWER_LOST)) as (simulator, client):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.post("/", content=b"a")
    assert simulator.entries == ["a"]


async def test_reborn_is_handed_to_the_operation() -> None:
    async with ledger(FaultRule(fault=FaultKind.REBORN, operation="Add")) as (simulator, client):
        assert (await client.post("/", content=b"a")).status_code == 200
    assert simulator.entries == ["reborn"]


async def test_a_rule_keeps_to_its_operation_its_start_and_its_times() -> None:
    async with ledger(FaultRule(fault=FaultKind.THROTTLE, operation="Count", after=1, times=2)) as (_, client):
        assert (await client.post("/", content=b"a")).status_code == 200
        assert [(await client.get("/")).status_code for _ in range(4)] == [200, 429, 429, 200]


async def test_a_rule_added_while_the_simulator_runs_fires() -> None:
    async with ledger() as (simulator, client):
        assert (await client.get("/")).status_code == 200
        simulator.options.faults.rules.append(FaultRule(fault=FaultKind.THROTTLE))
        assert (await client.get("/")).status_code == 429


def test_a_fault_file_is_read_as_rules() -> None:
    plan = read_fault_plan("- {fault: delay, seconds: 2.5, probability: 0.1}\n- {fault: drop, operation: ListJobs}")
    assert [(rule.fault, rule.operation) for rule in plan.rules] == [("delay", None), ("drop", "ListJobs")]


@pytest.mark.parametrize("text", ["- {fault: burn}", "fault: delay", "- {fault: [", "- {operation: ListJobs}"])
def test_a_fault_file_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fault file"):
        read_fault_plan(text)


def test_a_blocking_client_can_be_served_from_a_thread() -> None:
    with serving_in_thread(Ledger(SimulatorOptions())) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/").json() == {"entries": 0}
