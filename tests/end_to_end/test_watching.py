"""Subscriptions over websockets: the present state first, then what changed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, pace={"cache_ttl": "100ms"}) as gateway:
        yield gateway


async def _open(gateway: SimulatedGateway, query: str, variables: dict[str, Any]) -> Any:
    socket = await connect(gateway.url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"])
    await socket.send(orjson.dumps({"type": "connection_init"}).decode())
    assert orjson.loads(await socket.recv())["type"] == "connection_ack"
    payload = {"query": query, "variables": variables}
    await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
    return socket


async def _next(socket: Any) -> dict[str, Any]:
    async with asyncio.timeout(15):
        message: dict[str, Any] = orjson.loads(await socket.recv())
    return message


async def test_a_watched_task_is_shown_as_it_is_and_again_when_it_changes(gateway: SimulatedGateway) -> None:
    tasks = await gateway.ask("{ tasks(first: 100) { nodes { id status allowedOperations { operation allowed } } } }")
    cancellable = {"operation": "CANCEL_TASK", "allowed": True}
    task = next(one for one in tasks["tasks"]["nodes"] if cancellable in one["allowedOperations"])
    socket = await _open(
        gateway, "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { id status } }", {"ids": [task["id"]]}
    )
    try:
        first = await _next(socket)
        assert first["payload"]["data"]["taskUpdated"]["status"] == task["status"]

        await gateway.change("cancelOtaTask", id=task["id"])

        changed = await _next(socket)
        assert changed["payload"]["data"]["taskUpdated"]["id"] == task["id"]
        assert changed["payload"]["data"]["taskUpdated"]["status"] in ("CANCELING", "CANCELED")
    finally:
        await socket.close()


async def test_every_execution_of_a_watched_task_is_shown_once_while_nothing_changes(
    gateway: SimulatedGateway,
) -> None:
    tasks = await gateway.ask("{ tasks(first: 100) { nodes { id executions(first: 50) { nodes { id } } } } }")
    task = next(one for one in tasks["tasks"]["nodes"] if one["executions"]["nodes"])
    expected = {one["id"] for one in task["executions"]["nodes"]}
    socket = await _open(
        gateway, "subscription($id: ID!) { executionUpdated(taskId: $id) { id status } }", {"id": task["id"]}
    )
    try:
        seen = [(await _next(socket))["payload"]["data"]["executionUpdated"]["id"] for _ in expected]
        assert len(seen) == len(expected)
        assert set(seen) == expected
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await socket.recv()
    finally:
        await socket.close()


async def test_a_malformed_id_ends_the_subscription_with_a_clear_error(gateway: SimulatedGateway) -> None:
    socket = await _open(gateway, 'subscription { taskUpdated(ids: ["nonsense"]) { id } }', {})
    try:
        answer = await _next(socket)
        text = orjson.dumps(answer["payload"]).decode()
        assert "BAD_USER_INPUT" in text
    finally:
        await socket.close()
