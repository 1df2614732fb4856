"""Two thousand subscribers of one task cost its vendor what one does, and each of them sees every change.

The gateway is `serve` in a process of its own, the vendor another; each subscriber is a websocket of its own.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import build_stack, vendor_client
from gateway.backends.stack import BackendStack
from gateway.domain.changes import TaskChange
from gateway.domain.errors import GatewayError
from gateway.domain.ids import decode
from gateway.settings import parse
from tests.support.child_server import REPOSITORY, child_server, free_port
from tests.support.logged_vendor import read_log
from tests.support.many_subscribers import Subscriber, many_subscribers

MANY = 2000
SOME = 200
SECONDS = 15
# Seconds between looks. A machine that is busy with other things needs that long to tell two thousand.
LOOKS = 3
# Calls a second of a task that moves all the time, with one or thousands; one more may fall into the time measured.
ONE_POLLER = 1 / LOOKS + 1.1 / SECONDS
TASK = "subscription ($ids: [ID!]!) { taskUpdated(ids: $ids) { id status description progress { percent } } }"
EXECUTIONS = "subscription ($id: ID!) { executionUpdated(taskId: $id) { id status } }"
FLEET = """{ tasks(first: 50) { nodes { id status executions(first: 50) { nodes { id status } } } } }"""

pytestmark = pytest.mark.timeout(240)
Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Scene:
    """A gateway over one vendor. `direct` reaches the vendor past the gateway."""

    url: str
    pid: int
    log: Path
    direct: BackendStack
    http: httpx.AsyncClient

    async def fleet(self) -> list[dict[str, Any]]:
        """The tasks, with their executions."""
        answer = await self.http.post(f"{self.url}/graphql", json={"query": FLEET})
        found: list[dict[str, Any]] = answer.json()["data"]["tasks"]["nodes"]
        return found

    def calls(self, operation: str, since: float) -> int:
        """How often the vendor was asked, but for what went past the gateway."""
        return sum(call.at >= since and call.operation == operation for call in read_log(self.log))

    def resident(self) -> int:
        """The bytes that the gateway's process holds."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    async def metric(self, name: str, **labels: str) -> float:
        """One number of /metrics."""
        text = (await self.http.get(f"{self.url}/metrics")).text
        samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
        return next(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


@contextmanager
def serving(folder: Path, port: int, vendor: str) -> Iterator[tuple[str, int, Any]]:
    """The gateway: its URL, its process and its configuration."""
    log = folder / "calls.txt"
    command = [sys.executable, "-m", "tests.support.logged_vendor", "aws-iot", "--port", str(port), "--log", str(log)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    configuration = {
        "server": {"max_connections": MANY + 100},
        # Between two changes all must have been told of one: else who is slow is told of the latest only.
        "watching": {"fastest": f"{LOOKS}s"},
        "ledger": {"url": f"sqlite+aiosqlite:///{folder / 'ledger.db'}"},
        "backends": [
            {
                "name": "fleet", "vendor": "aws-iot", "region": "us-east-1", "endpoint": vendor, "calls_per_second": 50,
                "credentials": {"access_key_id": "demo", "secret_access_key": "demo-secret"},
            }
        ],
    }  # fmt: skip
    (folder / "gateway.yaml").write_text(yaml.safe_dump(configuration))
    own = free_port()
    serve = [sys.executable, "-m", "gateway", "serve", "--config", folder / "gateway.yaml", "--port", str(own)]
    with (
        child_server(
            [*command, "--tasks", "12", "--devices", "40"],
            asking=vendor, log=folder / "vendor.log", folder=REPOSITORY, environment=environment,
        ),
        child_server(
            serve, asking=f"http://127.0.0.1:{own}/readyz", log=folder / "gateway.log", folder=REPOSITORY,
            environment=environment,
        ) as process,
    ):  # fmt: skip
        yield f"http://127.0.0.1:{own}", process.pid, parse(yaml.safe_dump(configuration), {})


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    port = free_port()
    with serving(tmp_path, port, f"http://127.0.0.1:{port}") as (url, pid, settings):
        async with vendor_client() as client, httpx.AsyncClient(timeout=30, trust_env=False) as http:
            direct = build_stack(settings.backends[0], client)
            yield Scene(url, pid, tmp_path / "calls.txt", direct, http)
            await direct.adapter.aclose()


@asynccontextmanager
async def calls_of(scene: Scene, operation: str) -> AsyncIterator[list[float]]:
    """The vendor calls a second of the block."""
    rate: list[float] = []
    since = time.monotonic()
    yield rate
    rate.append(scene.calls(operation, since) / (time.monotonic() - since))


@asynccontextmanager
async def moving(act: Callable[[int], Awaitable[object]]) -> AsyncIterator[list[float]]:
    """Make changes while the block runs, so many that each look finds one; gives when each was made."""
    moments: list[float] = []

    async def move() -> None:
        while True:
            began = time.monotonic()
            # While thousands connect, this process is too busy to wait for its answer in time.
            with suppress(GatewayError):
                await act(len(moments))
                moments.append(time.monotonic())
            await asyncio.sleep(max(0.0, began + 0.85 * LOOKS - time.monotonic()))

    mover = asyncio.create_task(move())
    try:
        yield moments
    finally:
        mover.cancel()
        await asyncio.gather(mover, return_exceptions=True)


async def test_two_thousand_subscribers_cost_the_vendor_what_one_does_and_each_sees_every_change(
    scene: Scene, record_property: Record
) -> None:
    task = next(one for one in await scene.fleet() if one["status"] == "IN_PROGRESS")
    standing = await scene.direct.adapter.get_task(decode(task["id"]))
    assert standing is not None

    async def describe(number: int) -> None:
        await scene.direct.adapter.update_task(standing, TaskChange(description=f"change {number}"))

    asked = (TASK, {"ids": [task["id"]]})
    async with moving(describe) as moments, many_subscribers(scene.url, 1, *asked) as (witness,):
        async with calls_of(scene, "DescribeJob") as with_one:
            await asyncio.sleep(SECONDS)
        before = scene.resident()
        begun = time.monotonic()
        async with many_subscribers(scene.url, MANY - 1, *asked) as others:
            subscribed = time.monotonic() - begun
            await asyncio.sleep(2 * LOOKS)
            assert await scene.metric("ota_gateway_watched_objects", kind="task") == 1
            assert await scene.metric("ota_gateway_watchers", kind="task") == MANY
            since = len(witness.events)
            async with calls_of(scene, "DescribeJob") as with_many:
                await asyncio.sleep(SECONDS)
            each = (scene.resident() - before) / (MANY - 1)
            # What the last look found may still be on its way to some.
            published = words(witness)[since:-1]
            assert len(published) >= 2
            assert {tuple(part(words(one), published)) for one in others} == {tuple(published)}

    def arrivals(change: str) -> list[float]:
        told = (event for one in others for event in one.events)
        return [at for at, data in told if data["taskUpdated"]["description"] == change]

    last = {change: max(arrivals(change)) for change in published}
    spread = max(last[change] - min(arrivals(change)) for change in published)
    late = max(last[change] - moments[int(change.split()[1])] for change in published)
    assert all(0 < rate <= ONE_POLLER for rate in with_one + with_many)
    await nobody_is_watched(scene)
    record_property(
        "figures",
        f"{MANY} subscribers on {MANY} connections: {with_many[0]:.2f} vendor calls a second, {with_one[0]:.2f} with "
        f"one; {each / 1024:.0f} kB each, connection included; subscribed in {subscribed:.1f} s; every one told each "
        f"of {len(published)} changes, the last {spread:.2f} s after the first and {late:.2f} s after the change, of "
        f"which up to {LOOKS} s pass before the next look",
    )


async def test_subscribers_of_executions_share_one_walk_and_see_every_change(
    scene: Scene, record_property: Record
) -> None:
    fleet = await scene.fleet()
    task = max(fleet, key=lambda one: len(queued_in(one)))
    adapter = scene.direct.adapter
    held = [one for one in await adapter.get_executions([decode(one) for one in queued_in(task)]) if one]

    async def cancel(number: int) -> None:
        if number < len(held):
            await adapter.cancel_executions([held[number]], force=False)

    asked = (EXECUTIONS, {"id": task["id"]})
    at_first = len(task["executions"]["nodes"])
    async with moving(cancel), many_subscribers(scene.url, 1, *asked) as (witness,):
        async with calls_of(scene, "ListJobExecutionsForJob") as with_one:
            await asyncio.sleep(SECONDS)
        async with many_subscribers(scene.url, SOME, *asked) as some:
            assert await scene.metric("ota_gateway_watched_objects", kind="executions") == 1
            since = len(witness.events)
            async with calls_of(scene, "ListJobExecutionsForJob") as with_some:
                await asyncio.sleep(SECONDS)
            published = ids(witness)[since:-1]
            assert published
            assert {tuple(part(ids(one)[at_first:], published)) for one in some} == {tuple(published)}
            assert {len(set(ids(one))) for one in some} == {at_first}
    assert all(0 < rate <= ONE_POLLER for rate in with_one + with_some)
    record_property(
        "figures",
        f"{SOME} subscribers of {at_first} executions: {with_some[0]:.2f} vendor calls a second, {with_one[0]:.2f} "
        "with one",
    )


def queued_in(task: dict[str, Any]) -> list[str]:
    """The executions that can be cancelled."""
    return [one["id"] for one in task["executions"]["nodes"] if one["status"] == "QUEUED"]


def words(subscriber: Subscriber) -> list[str]:
    """The descriptions, in the order in which they came."""
    return [event["taskUpdated"]["description"] for _, event in subscriber.events]


def ids(subscriber: Subscriber) -> list[str]:
    """The executions, in the order in which they came."""
    return [event["executionUpdated"]["id"] for _, event in subscriber.events]


def part(told: list[str], published: list[str]) -> list[str]:
    """Of what one was told, as much as was published, from its first on."""
    begin = told.index(published[0]) if published[0] in told else len(told)
    return told[begin : begin + len(published)]


async def nobody_is_watched(scene: Scene) -> None:
    """Whoever left is not looked for any more."""
    async with asyncio.timeout(10):
        while await scene.metric("ota_gateway_watched_objects", kind="task"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
