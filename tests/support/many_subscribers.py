"""Many subscribers to one gateway, each a websocket of its own, which write down what they are told and when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

_AT_ONCE = 50


@dataclass(slots=True)
class Subscriber:
    """`events` holds (seconds of the monotonic clock, the data of the event)."""

    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    ended: str = ""

    async def follow(self, socket: ClientConnection) -> None:
        """Write down what comes, until the stream or the connection ends."""
        async for message in socket:
            answer = orjson.loads(message)
            if answer["type"] != "next":
                self.ended = answer["type"]
                return
            assert "errors" not in answer["payload"], answer["payload"]["errors"]
            self.events.append((time.monotonic(), answer["payload"]["data"]))


@asynccontextmanager
async def many_subscribers(
    url: str, number: int, document: str, variables: dict[str, Any]
) -> AsyncIterator[list[Subscriber]]:
    """So many, each of which has been told something already."""
    slots = asyncio.Semaphore(_AT_ONCE)
    sockets: list[ClientConnection] = []
    subscribe = orjson.dumps(
        {"id": "1", "type": "subscribe", "payload": {"query": document, "variables": variables}}
    ).decode()
    following: list[asyncio.Task[None]] = []

    async def begin() -> Subscriber:
        async with slots:
            socket = await connect(
                url.replace("http", "ws") + "/graphql",
                subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
                open_timeout=30,
                ping_interval=None,
            )
            sockets.append(socket)
            await socket.send('{"type":"connection_init"}')
            assert orjson.loads(await socket.recv())["type"] == "connection_ack"
            await socket.send(subscribe)
            subscriber = Subscriber()
            following.append(asyncio.create_task(subscriber.follow(socket)))
            async with asyncio.timeout(30):
                while not subscriber.events:  # noqa: ASYNC110 - it is written down by another task
                    await asyncio.sleep(0.01)
            return subscriber

    try:
        yield await asyncio.gather(*(begin() for _ in range(number)))
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)
