"""Gateways over one Redis that watch the same task cost its vendor what one of them costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from websockets.asyncio.client import connect

from gateway.domain.ids import decode
from tests.support.redis_server import RedisServer
from tests.support.several_gateways import several_gateways

SECONDS = 3.0
TASKS = "{ tasks(first: 50) { nodes { id status } } }"
SUBSCRIPTION = "subscription ($ids: [ID!]!) { taskUpdated(ids: $ids) { description } }"


@asynccontextmanager
async def told(url: str, task: str) -> AsyncIterator[list[str]]:
    """What a subscriber is told while the block runs."""
    async with connect(url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        payload = {"query": SUBSCRIPTION, "variables": {"ids": [task]}}
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
        heard: list[str] = []

        async def listen() -> None:
            async for message in socket:
                event = orjson.loads(message)["payload"]["data"]
                heard.append(event["taskUpdated"]["description"])

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_three_gateways_that_watch_cost_the_vendor_what_one_does(
    shared_redis: RedisServer, tmp_path: Path
) -> None:
    watching = {"watching": {"fastest": "500ms"}}
    async with several_gateways(
        tmp_path, shared_redis.url(), number=3, only=["aws-iot"], fleet={"tasks": 6}, sections=watching
    ) as gateways:
        tasks = (await gateways.each[0].ask(TASKS))["tasks"]["nodes"]
        task = next(one["id"] for one in tasks if one["status"] == "IN_PROGRESS")
        vendor: Any = gateways.backends["aws-iot"]
        job = vendor.simulator.job(decode(task).key[0])
        number = 0

        async def rate(watched: int) -> float:
            nonlocal number
            async with AsyncExitStack() as listening:
                heard = [
                    await listening.enter_async_context(told(gateway.url, task)) for gateway in gateways.each[:watched]
                ]
                await asyncio.sleep(1)
                calls, since = vendor.called("DescribeJob"), monotonic()
                while monotonic() < since + SECONDS:
                    number += 1
                    job.members["description"] = f"change {number}"
                    await asyncio.sleep(0.4)
                found = (vendor.called("DescribeJob") - calls) / (monotonic() - since)
                async with asyncio.timeout(15):
                    while any(one[-1:] != [f"change {number}"] for one in heard):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                return found

        alone = await rate(1)
        together = await rate(3)
        assert together <= alone * 1.3
        assert alone >= 1
