"""Watchers: what another changed at the vendor is seen at the next look, and many watchers cost what one costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import connect

from tests.support.simulated_gateway import SimulatedGateway, gateway_settings, served, simulated_gateway

TASKS = "{ tasks(first: 100) { nodes { id status backend { name } allowedOperations { operation allowed } } } }"


@asynccontextmanager
async def watching(gateway: SimulatedGateway, task: str) -> AsyncIterator[Any]:
    """The statuses of a watched task, as they come."""
    async with connect(gateway.url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"]) as socket:
        await socket.send(orjson.dumps({"type": "connection_init"}).decode())
        await socket.recv()
        query = "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { status } }"
        payload = {"query": query, "variables": {"ids": [task]}}
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())

        async def status() -> str:
            async with asyncio.timeout(15):
                found: str = orjson.loads(await socket.recv())["payload"]["data"]["taskUpdated"]["status"]
            return found

        yield status


async def cancellable(gateway: SimulatedGateway) -> dict[str, Any]:
    tasks = (await gateway.ask(TASKS))["tasks"]["nodes"]
    wanted = {"operation": "CANCEL_TASK", "allowed": True}
    found: dict[str, Any] = next(one for one in tasks if wanted in one["allowedOperations"])
    return found


async def test_a_change_by_another_is_seen_although_answers_are_kept_for_long(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, pace={"cache_ttl": "1h"}) as gateway:
        task = await cancellable(gateway)
        sections = [
            {"name": one.name, "vendor": one.manifest.slug, "endpoint": one.url, **one.manifest.demo_settings(one.url)}
            for one in gateway.backends.values()
        ]
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        async with (
            served(gateway_settings(elsewhere, sections, {})) as url,
            httpx.AsyncClient(timeout=60, trust_env=False) as http,
            watching(gateway, task["id"]) as status,
        ):
            assert await status() == task["status"]
            await SimulatedGateway(gateway.backends, gateway.settings, url, http).change("cancelOtaTask", id=task["id"])
            assert await status() in ("CANCELING", "CANCELED")


async def test_watchers_who_come_at_any_time_look_together(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, sections={"watching": {"fastest": "200ms", "slowest": "200ms"}}) as gateway:
        task = await cancellable(gateway)
        async with watching(gateway, task["id"]) as first:
            await first()
            alone = gateway.calls
            await asyncio.sleep(2)
            looks = gateway.calls - alone
            assert looks > 0
            async with watching(gateway, task["id"]) as second, watching(gateway, task["id"]) as third:
                await second()
                await asyncio.sleep(0.7)
                await third()
                together = gateway.calls
                await asyncio.sleep(2)
                # The same time may hold one moment to look at more or less.
                assert gateway.calls - together <= looks * 1.5
