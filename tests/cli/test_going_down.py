"""Told to end: readiness first, then connections, streams, requests, changes, and everything within one bound."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.settings import ConfigurationError, Settings, parse
from tests.support.listening_gateway import ListeningGateway, answer, listening_gateway
from tests.support.raw_server import RawServer, raw_server
from tests.support.simulated_gateway import STILL, SimulatedGateway, simulated_gateway

_TASKS = "{ tasks(first: 5) { nodes { id } } }"
_CANCEL = "mutation ($id: ID!) { cancelOtaTask(input: {id: $id}) { outcome } }"
_ENTRIES = "{ auditEntries(first: 10) { nodes { state operation } } }"
_PATIENT = "defaults: {timeout: 300s, attempt_timeout: 300s, calls_per_second: 1000}\n"


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    pace = {"timeout": "300s", "attempt_timeout": "300s"}
    async with simulated_gateway(tmp_path, fleet=STILL, pace=pace) as gateway:
        yield gateway


@pytest.fixture
async def silent() -> AsyncIterator[RawServer]:
    """A vendor that takes requests and never answers."""
    async with raw_server(()) as server:
        yield server


@pytest.fixture
def settings(silent: RawServer, backends_at: Callable[..., str], tmp_path: Path) -> Callable[..., Settings]:
    """A configuration over the silent vendor, with these members of `server`."""

    def of(server: str = "") -> Settings:
        ledger = f"ledger: {{url: 'sqlite+aiosqlite:///{tmp_path}/own.db'}}\n"
        return parse(f"server: {{{server}}}\n{ledger}{_PATIENT}{backends_at(silent.url)}", {})

    return of


def within(bound: str, settings: Settings) -> Settings:
    server = type(settings.server).model_validate({**settings.server.model_dump(), "shutdown_timeout": bound})
    return settings.model_copy(update={"server": server})


@asynccontextmanager
async def streaming(gateway: ListeningGateway, query: str, **variables: object) -> AsyncIterator[ClientConnection]:
    address = f"ws://127.0.0.1:{gateway.port}/graphql"
    async with connect(address, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        payload = {"query": query, "variables": variables}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        yield socket


async def cancellable(simulated: SimulatedGateway) -> str:
    found = await simulated.ask("{ tasks(first: 50) { nodes { id allowedOperations { operation allowed } } } }")
    allowed = {"operation": "CANCEL_TASK", "allowed": True}
    return next(task["id"] for task in found["tasks"]["nodes"] if allowed in task["allowedOperations"])


async def ended(gateway: ListeningGateway) -> None:
    async with asyncio.timeout(30):
        await asyncio.shield(gateway.ended)


async def test_it_is_not_ready_at_once_and_serves_for_the_delay(settings: Callable[..., Settings]) -> None:
    async with (
        listening_gateway(settings("shutdown_delay: 1s")) as gateway,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}", trust_env=False) as client,
    ):
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"], "connection" in ready.headers) == (200, "ready", False)
        gateway.ending.tell()
        await asyncio.sleep(0.05)
        unready = await client.get("/readyz")
        assert (unready.status_code, unready.json()) == (503, {"status": "going down"})
        # Who keeps a connection is told to open the next one elsewhere, and is served until then.
        assert unready.headers["connection"] == "close"
        live = await client.post("/graphql", json={"query": "{ __typename }"})
        assert (live.status_code, live.headers["connection"]) == (200, "close")
        assert (await client.get("/healthz")).status_code == 200
        await ended(gateway)
        with pytest.raises(httpx.ConnectError):
            await client.get("/readyz")


async def test_requests_under_way_are_answered_and_idle_connections_end(simulated: SimulatedGateway) -> None:
    async with (
        listening_gateway(simulated.settings) as gateway,
        gateway.asked("{ __typename }") as idle,
    ):
        await answer(idle)
        for backend in simulated.backends.values():
            backend.fail("delay", seconds=0.5)
        async with gateway.asked(_TASKS) as reader:
            await asyncio.sleep(0.1)
            gateway.ending.tell()
            head, body = await answer(reader)
            assert head.startswith("http/1.1 200 ")
            assert "connection: close" in head
            assert json.dumps(body).count('"id"') == 5
            assert await reader.read() == b""
        assert await idle.read() == b""
        await ended(gateway)


async def test_streams_are_closed_as_going_away_and_not_completed_so_that_clients_subscribe_anew(
    simulated: SimulatedGateway,
) -> None:
    task = await cancellable(simulated)
    watched = "subscription ($ids: [ID!]!) { taskUpdated(ids: $ids) { id } }"
    async with (
        listening_gateway(simulated.settings) as gateway,
        streaming(gateway, watched, ids=[task]) as socket,
    ):
        assert json.loads(await socket.recv())["payload"]["data"]["taskUpdated"]["id"] == task
        gateway.ending.tell()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        await ended(gateway)


async def test_what_a_websocket_asked_is_answered_before_it_is_closed(simulated: SimulatedGateway) -> None:
    task = await cancellable(simulated)
    for backend in simulated.backends.values():
        backend.fail("delay", seconds=0.2)
    async with listening_gateway(simulated.settings) as gateway, streaming(gateway, _CANCEL, id=task) as socket:
        await asyncio.sleep(0.1)
        gateway.ending.tell()
        messages = [json.loads(message) async for message in socket]
        assert [message["type"] for message in messages] == ["next", "complete"]
        assert messages[0]["payload"]["data"]["cancelOtaTask"]["outcome"] == "DONE"
        await ended(gateway)


async def test_a_change_whose_client_has_left_is_finished(simulated: SimulatedGateway) -> None:
    task = await cancellable(simulated)
    for backend in simulated.backends.values():
        backend.fail("delay", seconds=0.3)
    async with listening_gateway(simulated.settings) as gateway:
        async with gateway.asked(_CANCEL, id=task):
            await asyncio.sleep(0.1)
        gateway.ending.tell()
        await ended(gateway)
    found = await simulated.ask(_ENTRIES)
    assert found["auditEntries"]["nodes"] == [{"state": "CLOSED", "operation": "CANCEL_TASK"}]


async def test_a_change_that_takes_too_long_is_left_open_and_named(
    simulated: SimulatedGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    task = await cancellable(simulated)
    for backend in simulated.backends.values():
        backend.fail("delay", seconds=60)
    settings = within("1s", simulated.settings)
    async with listening_gateway(settings) as gateway, gateway.asked(_CANCEL, id=task) as reader:
        await asyncio.sleep(0.3)
        gateway.ending.tell()
        await ended(gateway)
        # No answer, rather than one that is not known to be true.
        assert await reader.read() == b""
    for backend in simulated.backends.values():
        backend.faults.rules.clear()
    found = await simulated.ask("{ auditEntries(first: 10) { nodes { id state operation } } }")
    entry = found["auditEntries"]["nodes"][0]
    assert (entry["state"], entry["operation"]) == ("OPEN", "CANCEL_TASK")
    printed = capsys.readouterr().out
    assert "changes_left_open" in printed


async def test_a_second_signal_drops_reads(settings: Callable[..., Settings], silent: RawServer) -> None:
    async with listening_gateway(settings("shutdown_timeout: 300s")) as gateway, gateway.asked(_TASKS) as reader:
        await silent.until(lambda vendor: len(vendor.requests) == 1)
        gateway.ending.tell()
        # The same wish, told by two ways at once.
        gateway.ending.tell()
        await asyncio.sleep(1.2)
        assert not gateway.ended.done()
        gateway.ending.tell()
        await ended(gateway)
        assert await reader.read() == b""


def test_the_delay_is_part_of_the_bound(settings: Callable[..., Settings]) -> None:
    with pytest.raises(ConfigurationError, match="shutdown_delay"):
        settings("shutdown_delay: 30s")
