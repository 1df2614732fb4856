import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PROTOCOL = "graphql-transport-ws"


@asynccontextmanager
async def connected(
    client: httpx.AsyncClient, *, origin: str | None = None, **headers: str
) -> AsyncIterator[ClientConnection]:
    address = f"ws://127.0.0.1:{client.base_url.port}/graphql"
    async with connect(
        address, subprotocols=[PROTOCOL], additional_headers=headers, origin=origin, proxy=None
    ) as socket:
        yield socket


async def begin(socket: ClientConnection) -> None:
    await socket.send(json.dumps({"type": "connection_init"}))
    assert json.loads(await socket.recv())["type"] == "connection_ack"


async def subscribe(socket: ClientConnection, query: str, **members: object) -> None:
    await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query, **members}}))


async def test_a_subscription_streams_until_it_ends(client: httpx.AsyncClient) -> None:
    async with connected(client) as socket:
        await begin(socket)
        await subscribe(socket, "subscription ($n: Int!) { count(to: $n) }", variables={"n": 2})
        messages = [json.loads(await socket.recv()) for _ in range(3)]
    assert [message["type"] for message in messages] == ["next", "next", "complete"]
    assert [message["payload"]["data"]["count"] for message in messages[:2]] == [0, 1]


async def test_a_query_has_the_same_context_as_over_http(client: httpx.AsyncClient) -> None:
    async with connected(client, **{"x-caller": "ann"}) as socket:
        await begin(socket)
        await subscribe(socket, "{ caller }")
        assert json.loads(await socket.recv())["payload"]["data"] == {"caller": "ann"}


async def test_an_unexpected_error_is_masked(client: httpx.AsyncClient) -> None:
    async with connected(client) as socket:
        await begin(socket)
        await subscribe(socket, "subscription { breaking }")
        assert json.loads(await socket.recv())["payload"]["data"] == {"breaking": 1}
        text = str(await socket.recv())
    assert "hunter2" not in text
    assert json.loads(text)["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_bad_document_fails_alone_and_the_connection_goes_on(
    client: httpx.AsyncClient, query: str, code: str
) -> None:
    async with connected(client) as socket:
        await begin(socket)
        await subscribe(socket, query)
        refused = json.loads(await socket.recv())
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", code)
        await subscribe(socket, "{ hello }")
        assert json.loads(await socket.recv())["payload"]["data"] == {"hello": "hello you"}


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "1",
        "null",
        '"x"',
        "[" * 50_000,
        '{"type": 1}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{hello}"}}',
        '{"type": "subscribe", "id": "1", "payload": "x"}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{hello}", "variables": []}}',
        '{"type": "nothing"}',
    ],
)
async def test_what_the_protocol_does_not_know_closes_with_4400(client: httpx.AsyncClient, message: str) -> None:
    async with connected(client) as socket:
        await begin(socket)
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


async def test_a_foreign_page_may_not_connect(client: httpx.AsyncClient) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(client, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_this_machine_may_connect(client: httpx.AsyncClient) -> None:
    async with connected(client, origin="http://localhost:5173") as socket:
        await begin(socket)
