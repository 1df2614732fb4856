"""A change in one process ends what others have kept, whatever becomes of Redis meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from random import Random
from time import monotonic
from typing import Any

import pytest

from gateway.backends.changes import Changes, Left, Outcome
from gateway.backends.health import HealthRecord
from gateway.backends.shared.sharing import SharedBackend, Sharing
from gateway.backends.stack import BackendStack
from gateway.domain.backend import Backend
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.package import Package
from gateway.domain.statuses import PackageKind
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import BackendSettings
from tests.support.lone_backend import now, settled
from tests.support.redis_server import RedisServer

REF = ObjectId(Kind.PACKAGE, "lab", ("one",), "")
BACKEND = Backend(name="lab", vendor="LAB")
Processes = Callable[..., Awaitable[list[BackendStack]]]


def package(version: int) -> Package:
    return Package(
        ref=REF, id=str(REF), native_id="one", name="one", backend=BACKEND, kind=PackageKind.OTHER, observed_at=now(),
        fingerprint="", version=str(version),
    )  # fmt: skip


class LoneAdapter:
    """Knows who it is, and is not asked: tests hand their reads to the stack themselves."""

    backend = BACKEND

    def revived(self, task: Any) -> Any:
        return task


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    """The stack of one backend as each of several processes has it."""
    async with AsyncExitStack() as running:

        async def of(url: str, number: int = 2, **pace: Any) -> list[BackendStack]:
            found = []
            manifest = next(iter(installed_vendors().values()))
            settings = BackendSettings(name="lab", vendor=manifest.slug, **pace)
            for _ in range(number):
                adapter: Any = LoneAdapter()
                sharing = Sharing(url, number, now)
                shared = sharing.backend(settings, "http://vendor", manifest, adapter)
                health = HealthRecord(calls_per_second=10, now=now)
                stack = BackendStack(
                    adapter=adapter, manifest=manifest, pace=settings, health=health, now=now, shared=shared
                )
                await running.enter_async_context(sharing.following())
                running.push_async_callback(stack.aclose)
                found.append(stack)
            return found

        yield of


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "it never became so"
        await asyncio.sleep(0.005)


def shared_of(stack: BackendStack) -> SharedBackend:
    assert stack.shared is not None
    return stack.shared


class Vendor:
    """One package, whose version a change raises."""

    def __init__(self) -> None:
        self.version = 1
        self.calls = 0

    async def read(self) -> Package:
        self.calls += 1
        version = self.version
        await asyncio.sleep(0.002)
        return package(version)


LONG = {"cache_ttl": timedelta(minutes=1), "cache_hard_ttl": timedelta(minutes=2)}


async def test_a_change_ends_what_the_other_has_kept(shared_redis: RedisServer, processes: Processes) -> None:
    one, other = await processes(shared_redis.url(), **LONG)
    vendor = Vendor()
    assert (await one.read("k", vendor.read)).value.version == "1"
    assert (await other.read("k", vendor.read)).value.version == "1"
    assert vendor.calls == 1
    ended = other.changes.ended(Kind.PACKAGE)
    async with one.changing(Kind.PACKAGE):
        vendor.version = 2
    await until(lambda: other.changes.ended(Kind.PACKAGE) > ended, 1.0)
    assert other.peek("k") is None
    assert (await other.read("k", vendor.read)).value.version == "2"
    assert (await one.read("k", vendor.read)).value.version == "2"
    assert vendor.calls == 2


async def test_what_was_being_read_when_another_changed_it_is_not_kept(
    shared_redis: RedisServer, processes: Processes
) -> None:
    one, other = await processes(shared_redis.url(), **LONG)
    let = asyncio.Event()

    async def slow() -> Package:
        await let.wait()
        return package(1)

    reading = asyncio.create_task(other.read("k", slow))
    await settled()
    ended = other.changes.ended(Kind.PACKAGE)
    async with one.changing(Kind.PACKAGE):
        pass
    await until(lambda: other.changes.ended(Kind.PACKAGE) > ended)
    let.set()
    await reading
    assert other.peek("k") is None
    vendor = Vendor()
    vendor.version = 2
    for stack in (one, other):
        assert (await stack.read("k", vendor.read)).value.version == "2"


async def test_a_change_of_one_list_leaves_the_epoch_of_the_other(
    shared_redis: RedisServer, processes: Processes
) -> None:
    one, other = await processes(shared_redis.url())
    tasks, packages = other.changes.epoch(Kind.TASK), other.changes.epoch(Kind.PACKAGE)
    async with one.changing(Kind.PACKAGE):
        pass
    await until(lambda: other.changes.epoch(Kind.PACKAGE) >= packages + 2)
    assert other.changes.epoch(Kind.TASK) == tasks


def heard_by(changes: Changes, kind: Kind) -> list[Outcome]:
    heard: list[Outcome] = []
    changes.listen(kind, heard.append)
    return heard


async def test_what_changes_left_is_told_in_order(shared_redis: RedisServer, processes: Processes) -> None:
    one, other = await processes(shared_redis.url())
    heard, own = heard_by(other.changes, Kind.PACKAGE), heard_by(one.changes, Kind.PACKAGE)
    told = [Outcome(Left.ROW, row=package(number)) for number in range(20)] + [Outcome(Left.NONE, ref=REF)]
    for outcome in told:
        one.changes.left(Kind.PACKAGE, outcome)
    await until(lambda: len(heard) == len(told))
    assert heard == told
    assert own == []


async def test_what_could_not_be_told_is_known_to_be_missing(shared_redis: RedisServer, processes: Processes) -> None:
    one, other = await processes(shared_redis.url())
    heard = heard_by(other.changes, Kind.PACKAGE)
    one.changes.left(Kind.PACKAGE, Outcome(Left.ROW, row=object()))
    await until(lambda: [outcome.left for outcome in heard] == [Left.UNSEEN])


async def test_a_change_made_while_redis_was_away_is_known_when_it_is_back(
    own_redis: RedisServer, processes: Processes
) -> None:
    one, other = await processes(own_redis.url(), **LONG)
    vendor = Vendor()
    for stack in (one, other):
        await stack.read("k", vendor.read)
    own_redis.kill()
    async with one.changing(Kind.PACKAGE):
        vendor.version = 2
    assert (await one.read("k", vendor.read)).value.version == "2"
    own_redis.start()
    await until(lambda: other.peek("k") is None, 5.0)
    assert (await other.read("k", vendor.read)).value.version == "2"


async def test_an_emptied_redis_brings_nothing_back(shared_redis: RedisServer, processes: Processes) -> None:
    one, other = await processes(shared_redis.url(), **LONG)
    vendor = Vendor()
    await one.read("k", vendor.read)
    before = other.changes.any_epoch
    with shared_redis.client() as client:
        client.flushall()
    await until(lambda: other.changes.any_epoch != before)
    vendor.version = 2
    assert (await other.read("k", vendor.read)).value.version == "2"


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_asks_after_a_change_was_heard_sees_it(
    seed: int, shared_redis: RedisServer, processes: Processes
) -> None:
    random = Random(seed)
    ages = {"cache_ttl": timedelta(seconds=0.05), "cache_hard_ttl": timedelta(seconds=0.2)}
    stacks = await processes(shared_redis.url(), 3, **ages)
    vendor = Vendor()
    settled_at: list[tuple[float, int]] = [(0.0, 1)]
    seen = 0

    async def read(stack: BackendStack) -> None:
        nonlocal seen
        # Own changes at once, those of others within the second that is documented.
        least = max(version for at, version in settled_at if at < monotonic() - 1.0)
        answer = stack.peek("k") or await stack.read("k", vendor.read, fresh=random.random() < 0.05)
        assert int(answer.value.version) >= least
        seen += 1

    async def change(stack: BackendStack) -> None:
        async with stack.changing(Kind.PACKAGE):
            await asyncio.sleep(random.choice((0, 0.003)))
            vendor.version += 1
            version = vendor.version
        answer = await stack.read("k", vendor.read)
        assert int(answer.value.version) >= version
        settled_at.append((monotonic(), version))

    asked = []
    for _ in range(600):
        action = random.choices((read, change), (30, 1))[0]
        asked.append(asyncio.create_task(action(random.choice(stacks))))
        await asyncio.sleep(random.choice((0, 0.001, 0.006)))
    await asyncio.gather(*asked)
    assert seen > 300
    assert vendor.version > 5


async def test_nonsense_in_the_channel_and_the_counts_ends_nothing(
    shared_redis: RedisServer, processes: Processes
) -> None:
    one, other = await processes(shared_redis.url())
    with shared_redis.client() as client:
        (counts,) = client.scan_iter("*:changes")
        account = counts.removeprefix(b"ota-gateway:1:").removesuffix(b":changes")
        for message in (
            b"",
            b"\xff",
            account,
            account + b"\n",
            account + b"\ntask\nx\nnone\n",
            account + b"\n\n\n1\n\xc1",
        ):
            client.publish("ota-gateway:1:changes:0", message)
        client.hset(counts, mapping={"begun:task": "many", "mark": b"\xff\xfe", "left:task": "-3"})
    heard = heard_by(other.changes, Kind.PACKAGE)
    one.changes.left(Kind.PACKAGE, Outcome(Left.NONE, ref=REF))
    await until(lambda: Outcome(Left.NONE, ref=REF) in heard)
