"""Two gateways over one Redis: what one reads the other has, and what one changes the other sees."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from gateway.domain.operations import Operation
from gateway.vendorkit.discovery import installed_vendors
from tests.support.redis_server import RedisServer
from tests.support.several_gateways import Gateways, several_gateways
from tests.support.simulated_gateway import SimulatedGateway

BY_TIME = "{ tasks(first: 50) { nodes { id name status vendorStatus createdAt } backends { name status } } }"
AS_THEY_COME = """{ tasks(first: 50, orderBy: {field: BACKEND}) {
  nodes { id status updatedAt } backends { name status } } }"""
ONE = """query One($id: ID!) { task(id: $id) { id status vendorStatus description fingerprint createdAt
  vendorDetails { __typename ... on AwsIotJobDetails { document targets } } } }"""
LONG = {"cache_ttl": "60s", "cache_hard_ttl": "120s"}


async def until(condition: Any, seconds: float = 5.0) -> None:
    """Wait for something that has to become so."""
    end = monotonic() + seconds
    while not await condition():
        assert monotonic() < end, "it never became so"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("query", [BY_TIME, AS_THEY_COME])
async def test_what_one_reads_costs_the_other_no_call(query: str, shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        one, other = gateways.each
        first = await one.ask(query)
        calls = gateways.calls
        assert calls
        assert await other.ask(query) == first
        assert gateways.calls == calls


async def test_a_single_object_is_shared_whole(shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        one, other = gateways.each
        ids = [node["id"] for node in (await one.ask(BY_TIME))["tasks"]["nodes"][:8]]
        had = [await one.ask(ONE, id=each) for each in ids]
        fetched = {slug: dict(backend.simulator.calls) for slug, backend in gateways.backends.items()}
        assert [await other.ask(ONE, id=each) for each in ids] == had
        for slug, backend in gateways.backends.items():
            more = {name: count - fetched[slug].get(name, 0) for name, count in backend.simulator.calls.items()}
            # A job's document is a call of its own, made when it is asked for.
            assert {name for name, count in more.items() if count} <= {"GetJobDocument"}


async def test_readers_of_both_at_once_cost_one_read(shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        one, other = gateways.each
        for backend in gateways.backends.values():
            backend.fail("delay", seconds=0.2)
        answers = await asyncio.gather(*(each.ask(AS_THEY_COME) for each in (one, other) for _ in range(5)))
        together = gateways.calls
        assert all(answer == answers[0] for answer in answers)
    async with several_gateways(tmp_path, "memory://", number=1, pace=LONG) as gateways:
        await gateways.each[0].ask(AS_THEY_COME)
        assert together == gateways.calls


@pytest.mark.parametrize("query", [BY_TIME, AS_THEY_COME])
async def test_reading_past_the_cache_reads_past_that_of_others(
    query: str, shared_redis: RedisServer, tmp_path: Path
) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        one, other = gateways.each
        await one.ask(query)
        calls = gateways.calls
        await other.ask(query, headers={"Cache-Control": "no-cache"})
        assert gateways.calls == 2 * calls


async def deletable(gateway: SimulatedGateway) -> str:
    """The id of a task that a backend deletes."""
    names = {
        manifest.vendor
        for manifest in installed_vendors().values()
        if any(one.operation is Operation.DELETE_TASK and one.support != "NONE" for one in manifest.capabilities)
    }
    found = await gateway.ask(
        "{ tasks(first: 50) { nodes { id backend { vendor } allowedOperations { operation } } } }"
    )
    for node in found["tasks"]["nodes"]:
        offered = {one["operation"] for one in node["allowedOperations"]}
        if node["backend"]["vendor"] in names and "DELETE_TASK" in offered:
            return str(node["id"])
    raise AssertionError("no task can be deleted")


async def test_what_one_deletes_the_other_shows_no_longer(shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        one, other = gateways.each
        gone = await deletable(one)
        assert gone in {node["id"] for node in (await other.ask(BY_TIME))["tasks"]["nodes"]}
        assert (await other.ask(ONE, id=gone))["task"] is not None
        deleted = await one.change("deleteOtaTask", id=gone, force=True)
        assert deleted["outcome"] in ("DONE", "REQUESTED"), deleted
        told = monotonic()

        async def seen() -> bool:
            listed = {node["id"]: node["status"] for node in (await other.ask(BY_TIME))["tasks"]["nodes"]}
            alone = (await other.ask(ONE, id=gone))["task"]
            statuses = {listed.get(gone), None if alone is None else alone["status"]}
            return statuses <= {None, "DELETED", "DELETING"}

        await until(seen, 1.0)
        assert monotonic() - told < 1.5


async def test_two_deletions_of_one_object_reach_its_vendor_once(shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        gone = await deletable(gateways.each[0])
        for backend in gateways.backends.values():
            backend.fail("delay", seconds=0.2)
        outcomes = await asyncio.gather(*(one.change("deleteOtaTask", id=gone, force=True) for one in gateways.each))
        assert sorted(one["outcome"] in ("DONE", "REQUESTED") for one in outcomes) == [False, True]
        assert "ALREADY_DELETED" in {one["outcome"] for one in outcomes}
        deletes = sum(
            count
            for backend in gateways.backends.values()
            for name, count in backend.simulator.calls.items()
            if "delete" in name.lower()
        )
        assert deletes == 1


async def test_what_is_in_redis_names_no_secret(shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        await gateways.each[0].ask(BY_TIME)
        await gateways.each[0].ask(AS_THEY_COME)
        with shared_redis.client() as client:
            keys = [key.decode() for key in client.scan_iter()]
        assert keys
        assert all(key.startswith("ota-gateway:1:lab-") for key in keys)


async def test_strange_content_is_read_again_from_the_vendor(shared_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, shared_redis.url(), pace=LONG) as gateways:
        one, other = gateways.each
        first = [await one.ask(query) for query in (BY_TIME, AS_THEY_COME)]
        calls = gateways.calls
        with shared_redis.client() as client:
            for key in list(client.scan_iter()):
                if client.type(key) == b"string":
                    client.set(key, b"\x80\x04cos\nsystem\n", keepttl=True)
        assert [await other.ask(query) for query in (BY_TIME, AS_THEY_COME)] == first
        assert gateways.calls == 2 * calls


def _answers(gateways: Gateways) -> Any:
    return asyncio.gather(*(one.ask(AS_THEY_COME) for one in gateways.each))


async def test_gateways_go_on_while_redis_is_away_and_share_again_after(own_redis: RedisServer, tmp_path: Path) -> None:
    async with several_gateways(tmp_path, own_redis.url(), pace={"cache_ttl": "0.2s", "cache_hard_ttl": "0.4s"}) as two:
        one, other = two.each
        await _answers(two)
        own_redis.kill()
        for _ in range(4):
            await _answers(two)
            await asyncio.sleep(0.2)
        gone = await deletable(one)
        deleted = await one.change("deleteOtaTask", id=gone, force=True)
        assert deleted["outcome"] in ("DONE", "REQUESTED"), deleted
        own_redis.start()

        async def shared() -> bool:
            await asyncio.sleep(0.5)
            await one.ask(AS_THEY_COME)
            calls = two.calls
            await other.ask(AS_THEY_COME)
            return two.calls == calls

        await until(shared, 10)
        assert gone not in {
            node["id"]
            for node in (await other.ask(BY_TIME))["tasks"]["nodes"]
            if node["status"] not in ("DELETED", "DELETING")
        }
