"""Two gateways asked for one change at once: its vendor is called once, with Redis and without."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.backends.shared.test_gateways_share import deletable
from tests.support.redis_server import RedisServer
from tests.support.several_gateways import Gateways, several_gateways
from tests.support.simulated_gateway import SimulatedGateway


def deletions(gateways: Gateways) -> int:
    """How many calls that delete all vendors have seen."""
    return sum(
        count
        for backend in gateways.backends.values()
        for name, count in backend.simulator.calls.items()
        if "delete" in name.lower()
    )


async def insisted(gateway: SimulatedGateway, **members: Any) -> dict[str, Any]:
    """The answer to a deletion, asked again while it is still under way elsewhere."""
    while True:
        answer = await gateway.change("deleteOtaTask", show="again: errors { retryable }", **members)
        if not any(error["retryable"] for error in answer.pop("again")):
            return answer
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("cache", ["redis", "memory"])
async def test_a_key_on_two_gateways_at_once_acts_once(cache: str, shared_redis: RedisServer, tmp_path: Path) -> None:
    url = shared_redis.url() if cache == "redis" else "memory://"
    async with several_gateways(tmp_path, url) as gateways:
        change = {"id": await deletable(gateways.each[0]), "force": True, "idempotencyKey": "once"}
        for backend in gateways.backends.values():
            backend.fail("delay", seconds=0.05)
        first, second = await asyncio.gather(*(insisted(one, **change) for one in gateways.each))
        assert first == second
        assert first["outcome"] in ("DONE", "REQUESTED")
        assert deletions(gateways) == 1


@pytest.mark.parametrize("cache", ["went away", "memory"])
async def test_two_deletions_at_once_reach_the_vendor_once_without_redis(
    cache: str, own_redis: RedisServer, tmp_path: Path
) -> None:
    url = own_redis.url() if cache == "went away" else "memory://"
    async with several_gateways(tmp_path, url) as gateways:
        gone = await deletable(gateways.each[0])
        own_redis.kill()
        for backend in gateways.backends.values():
            backend.fail("delay", seconds=0.1)
        answers = await asyncio.gather(*(one.change("deleteOtaTask", id=gone, force=True) for one in gateways.each))
        assert sorted(one["outcome"] in ("DONE", "REQUESTED") for one in answers) == [False, True]
        assert "ALREADY_DELETED" in {one["outcome"] for one in answers}
        assert deletions(gateways) == 1
