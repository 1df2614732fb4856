"""Watchers: what another changed at the vendor is seen at the next look, and many watchers cost what one costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.domain.ids import decode
from tests.support.simulated_gateway import SimulatedGateway, gateway_settings, served, simulated_gateway

TASKS = "{ tasks(first: 100) { nodes { id status backend { name } allowedOperations { operation allowed } } } }"

STATUS = "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { status } }"
SPOKEN = Subprotocol("graphql-transport-ws")


@asynccontextmanager
async def watching(gateway: SimulatedGateway, task: str, query: str = STATUS) -> AsyncIterator[Any]:
    """The events of a watched task, as they come."""
    async with connect(gateway.url.replace("http", "ws") + "/graphql", subprotocols=[SPOKEN]) as socket:
        await socket.send(orjson.dumps({"type": "connection_init"}).decode())
        await socket.recv()
        payload = {"query": query, "variables": {"ids": [task]}}
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())

        async def event() -> dict[str, Any]:
            async with asyncio.timeout(15):
                found: dict[str, Any] = orjson.loads(await socket.recv())["payload"]["data"]["taskUpdated"]
            return found

        yield event


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
            watching(gateway, task["id"]) as event,
        ):
            assert (await event())["status"] == task["status"]
            await SimulatedGateway(gateway.backends, gateway.settings, url, http).change("cancelOtaTask", id=task["id"])
            assert (await event())["status"] in ("CANCELING", "CANCELED")


async def test_watchers_who_come_at_any_time_look_together(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, sections={"watching": {"fastest": "200ms", "slowest": "200ms"}}) as gateway:
        task = await cancellable(gateway)
        async with watching(gateway, task["id"]) as first:
            await first()
            alone = gateway.calls
            await asyncio.sleep(1.2)
            looks = gateway.calls - alone
            assert looks > 0
            async with watching(gateway, task["id"]) as second, watching(gateway, task["id"]) as third:
                await second()
                await asyncio.sleep(0.3)
                await third()
                together = gateway.calls
                await asyncio.sleep(1.2)
                # The same time may hold one moment to look at more or less.
                assert gateway.calls - together <= looks * 1.5


async def test_what_an_event_shows_beside_is_read_once_for_all_who_listen(tmp_path: Path) -> None:
    query = (
        "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { status executions(first: 10) { nodes { status } } } }"
    )
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway, AsyncExitStack() as sockets:
        task = await cancellable(gateway)
        payload = {"query": query, "variables": {"ids": [task["id"]]}}
        subscribe = orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode()
        told = []
        for _ in range(20):
            address = gateway.url.replace("http", "ws") + "/graphql"
            # Who reads past the caches does so when it begins, and not for each event.
            opening = connect(address, subprotocols=[SPOKEN], additional_headers={"cache-control": "no-cache"})
            socket = await sockets.enter_async_context(opening)
            await socket.send('{"type":"connection_init"}')
            await socket.recv()
            await socket.send(subscribe)
            await socket.recv()
            told.append(socket)
        before = gateway.backends["aws-iot"].called("ListJobExecutionsForJob")
        await gateway.change("cancelOtaTask", id=task["id"], force=True)
        async with asyncio.timeout(15):
            events = [orjson.loads(await socket.recv())["payload"]["data"]["taskUpdated"] for socket in told]
        assert {event["status"] for event in events} <= {"CANCELING", "CANCELED"}
        assert gateway.backends["aws-iot"].called("ListJobExecutionsForJob") - before <= 3


async def test_what_could_not_be_had_for_one_event_is_asked_for_again_for_the_next(tmp_path: Path) -> None:
    query = "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { description executions { backends { status } } } }"
    pace = {"cache_ttl": "0s", "timeout": "300ms", "retries": 0}
    sections = {"watching": {"fastest": "200ms", "slowest": "200ms"}}
    async with simulated_gateway(tmp_path, only=["aws-iot"], pace=pace, sections=sections) as gateway:
        task = await cancellable(gateway)
        vendor: Any = gateway.backends["aws-iot"]
        job = vendor.simulator.job(decode(task["id"]).key[0])
        async with watching(gateway, task["id"], query) as event:

            async def status(description: str) -> str:
                job.members["description"] = description
                while (shown := await event())["description"] != description:
                    pass
                found: str = shown["executions"]["backends"][0]["status"]
                return found

            assert await status("before") == "OK"
            vendor.fail("delay", "ListJobExecutionsForJob", seconds=1)
            assert await status("during") == "FAILED"
            vendor.faults.rules.clear()
            await asyncio.sleep(1)
            assert await status("after") == "OK"
