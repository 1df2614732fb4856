import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.auth.api_keys import digest_of, new_key
from tests.auth.conftest import BACKEND, Asked, Serving, jwt_section
from tests.support.identity_provider import IdentityProvider, claims, key_of, signed

KEY = new_key()
KEYS = {"mode": "api_keys", "api_keys": [{"name": "ci", "sha256": digest_of(KEY), "roles": ["viewer"]}]}
SEEN = "{ backends { name } }"
WATCH = "subscription { taskUpdated(ids: [%s]) { id status } }"


@asynccontextmanager
async def connected(asked: Asked, **headers: str) -> AsyncIterator[ClientConnection]:
    address = asked.gateway.url.replace("http", "ws") + "/graphql"
    async with connect(
        address, subprotocols=["graphql-transport-ws"], additional_headers=headers, proxy=None
    ) as socket:  # type: ignore[list-item]
        yield socket


async def said(socket: ClientConnection) -> Any:
    return json.loads(await socket.recv())


async def begin(socket: ClientConnection, payload: Mapping[str, Any] | None = None) -> None:
    await socket.send(json.dumps({"type": "connection_init", **({} if payload is None else {"payload": payload})}))


async def ask(socket: ClientConnection, query: str = SEEN, name: str = "1") -> Any:
    await socket.send(json.dumps({"type": "subscribe", "id": name, "payload": {"query": query}}))
    return await said(socket)


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        ({"authorization": f"Bearer {KEY}"}, None),
        ({"x-api-key": KEY}, {}),
        ({}, {"Authorization": f"Bearer {KEY}"}),
        ({}, {"authorization": f"Bearer {KEY}", "apiKey": None}),
        ({}, {"apiKey": KEY, "else": 1}),
    ],
)
async def test_credentials_come_with_the_handshake_or_the_first_message(
    serving: Serving, headers: dict[str, str], payload: dict[str, Any] | None
) -> None:
    async with serving(KEYS) as asked, connected(asked, **headers) as socket:
        await begin(socket, payload)
        assert (await said(socket))["type"] == "connection_ack"
        assert (await ask(socket))["payload"]["data"] == {"backends": [{"name": BACKEND}]}


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        ({}, None),
        ({}, {}),
        ({}, {"token": KEY}),
        ({}, {"apiKey": KEY[:-1]}),
        ({}, {"apiKey": [KEY]}),
        ({}, {"apiKey": {"toString": KEY}}),
        ({}, {"Authorization": KEY}),
        ({}, {"Authorization": f"Bearer {KEY}", "authorization": f"Bearer {KEY}"}),
        ({}, {"Authorization": f"Bearer {KEY}", "apiKey": KEY}),
        ({"x-api-key": KEY}, {"apiKey": KEY}),
        ({"x-api-key": "hunter2"}, None),
        ({"x-ota-principal": "root"}, None),
    ],
)
async def test_without_them_the_connection_closes_before_any_operation(
    serving: Serving, headers: dict[str, str], payload: dict[str, Any] | None
) -> None:
    async with serving(KEYS) as asked, connected(asked, **headers) as socket:
        await begin(socket, payload)
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": SEEN}}))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert asked.gateway.calls == 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_an_operation_before_the_first_message_closes_with_4401(serving: Serving) -> None:
    async with serving(KEYS) as asked, connected(asked, **{"x-api-key": KEY}) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await ask(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_while_no_keys_can_be_fetched_a_client_is_told_to_try_again_later(serving: Serving) -> None:
    provider = IdentityProvider()
    async with provider:
        provider.publish("RSA", "one")
    token = signed(key_of("RSA"), {"alg": "RS256", "kid": "one"}, claims())
    async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked, connected(asked) as socket:
        await begin(socket, {"Authorization": f"Bearer {token}"})
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_a_stream_ends_with_the_token_that_opened_it(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url, leeway="0s")) as asked:
            header = {"alg": "RS256", "kid": "one"}
            lasting = signed(key_of("RSA"), header, claims())
            listed = {"query": "{ tasks(first: 1) { nodes { id } } }"}
            tasks = (await asked.post(listed, bearer=lasting)).json()["data"]["tasks"]["nodes"]
            token = signed(key_of("RSA"), header, claims(exp=time.time() + 2))
            async with connected(asked) as socket:
                await begin(socket, {"Authorization": f"Bearer {token}"})
                assert (await said(socket))["type"] == "connection_ack"
                message = await ask(socket, WATCH % json.dumps(tasks[0]["id"]))
                while not (message.get("payload") or {}).get("errors"):
                    message = await said(socket)
                assert message["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
                assert await said(socket) == {"id": "1", "type": "complete"}
                after = await ask(socket, name="2")
    assert (after["type"], after["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
