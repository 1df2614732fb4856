"""Clients that go away in the middle: reads are taken back from the vendor, changes are carried out all the same."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from gateway.settings import parse
from tests.support.listening_gateway import ListeningGateway, listening_gateway
from tests.support.raw_server import RawServer, raw_server
from tests.support.simulated_gateway import STILL, SimulatedGateway, simulated_gateway

_TASKS = "{ tasks(first: 5) { nodes { id } } }"
_PATIENT = "defaults: {timeout: 60s, attempt_timeout: 60s, calls_per_second: 1000}\n"
_CANCEL = """mutation ($a: ID!, $b: ID!) {
  first: cancelOtaTask(input: {id: $a}) { outcome } second: cancelOtaTask(input: {id: $b}) { outcome } }"""


@pytest.fixture
async def silent() -> AsyncIterator[RawServer]:
    """A vendor that takes requests and never answers."""
    async with raw_server(()) as server:
        yield server


@pytest.fixture
async def over_silence(
    silent: RawServer, backends_at: Callable[..., str], tmp_path: Path
) -> AsyncIterator[ListeningGateway]:
    ledger = f"ledger: {{url: 'sqlite+aiosqlite:///{tmp_path}/ledger.db'}}\n"
    async with listening_gateway(parse(ledger + _PATIENT + backends_at(silent.url), {})) as gateway:
        yield gateway


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, fleet=STILL) as gateway:
        yield gateway


@asynccontextmanager
async def streaming(gateway: ListeningGateway) -> AsyncIterator[ClientConnection]:
    address = f"ws://127.0.0.1:{gateway.port}/graphql"
    async with connect(address, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        yield socket


async def subscribe(socket: ClientConnection, query: str, **variables: object) -> None:
    payload = {"query": query, "variables": variables}
    await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))


def two_to_cancel(found: dict[str, Any]) -> list[str]:
    allowed = {"operation": "CANCEL_TASK", "allowed": True}
    return [task["id"] for task in found["tasks"]["nodes"] if allowed in task["allowedOperations"]][:2]


async def until_cancelled(simulated: SimulatedGateway) -> list[dict[str, Any]]:
    """The audit's entries, once two of them are closed."""
    async with asyncio.timeout(20):
        while True:
            found = await simulated.ask("{ auditEntries(first: 10) { nodes { state outcome operation } } }")
            entries: list[dict[str, Any]] = found["auditEntries"]["nodes"]
            if [entry["state"] for entry in entries] == ["CLOSED", "CLOSED"]:
                return entries
            await asyncio.sleep(0.05)


async def test_a_read_that_nobody_waits_for_any_more_is_taken_back(
    silent: RawServer, over_silence: ListeningGateway
) -> None:
    async with over_silence.asked(_TASKS):
        async with over_silence.asked(_TASKS):
            await silent.until(lambda vendor: len(vendor.requests) == 1)
            await asyncio.sleep(0.2)
        # One has gone, another one waits for the same.
        await asyncio.sleep(0.3)
        assert (len(silent.requests), silent.left) == (1, 0)
    await silent.until(lambda vendor: vendor.left == 1)


@pytest.mark.parametrize("last", ["complete", "close"])
async def test_a_read_over_a_websocket_ends_with_its_operation(
    silent: RawServer, over_silence: ListeningGateway, last: str
) -> None:
    async with streaming(over_silence) as socket:
        await subscribe(socket, _TASKS)
        await silent.until(lambda vendor: len(vendor.requests) == 1)
        if last == "complete":
            await socket.send(json.dumps({"type": "complete", "id": "1"}))
            await silent.until(lambda vendor: vendor.left == 1)
    await silent.until(lambda vendor: vendor.left == 1)


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("text/event-stream", _TASKS),
        ("multipart/mixed", "{ __typename ... @defer { tasks(first: 5) { nodes { id } } } }"),
    ],
)
async def test_a_read_of_a_stream_ends_with_its_client(
    silent: RawServer, over_silence: ListeningGateway, accept: str, query: str
) -> None:
    async with over_silence.asked(query, accept=accept) as reader:
        assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
        await silent.until(lambda vendor: len(vendor.requests) == 1)
    await silent.until(lambda vendor: vendor.left == 1)


@pytest.mark.parametrize("way", ["http", "websocket"])
async def test_changes_are_made_once_and_written_down_although_their_client_has_gone(
    simulated: SimulatedGateway, way: str
) -> None:
    found = await simulated.ask("{ tasks(first: 50) { nodes { id allowedOperations { operation allowed } } } }")
    a, b = two_to_cancel(found)
    for backend in simulated.backends.values():
        backend.fail("delay", seconds=0.3)
    async with listening_gateway(simulated.settings) as gateway:
        if way == "http":
            async with gateway.asked(_CANCEL, a=a, b=b):
                await asyncio.sleep(0.1)
        else:
            async with streaming(gateway) as socket:
                await subscribe(socket, _CANCEL, a=a, b=b)
                await asyncio.sleep(0.1)
        entries = await until_cancelled(simulated)
    assert [entry["operation"] for entry in entries] == ["CANCEL_TASK"] * 2
    assert [entry["outcome"] for entry in entries] == ["DONE"] * 2
    cancels = {
        name: number
        for backend in simulated.backends.values()
        for name, number in backend.simulator.calls.items()
        if "ancel" in name or "top" in name
    }
    assert sum(cancels.values()) == 2, cancels


async def test_a_client_that_leaves_is_no_fault(
    over_silence: ListeningGateway, silent: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        async with over_silence.asked(_TASKS):
            pass
    async with over_silence.asked(_TASKS):
        await silent.until(lambda vendor: len(vendor.requests) >= 1)
    await silent.until(lambda vendor: vendor.left == len(vendor.requests))
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []
