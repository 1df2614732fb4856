"""Two changes of one execution at once, when the vendor puts another under its number: found by the state machine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.plans import PlannedSchema
from gateway.schema.root import build_schema
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.states.beings import CHANGE
from tests.support.states.world import Hold, World, laboratory

REUSING = "aws-iot"
TASKS = """{ tasks(first: 50) { nodes { id nativeId
  executions(first: 50) { nodes { id status attempt device { name } } } } } }"""
DELETE = "mutation ($input: DeleteJobExecutionInput!) { change: deleteJobExecution(input: $input) { outcome } }"
CANCEL = """mutation ($input: CancelDeviceUpgradeInput!) {
  change: cancelDeviceUpgrade(input: $input) { results { outcome error { code } } } }"""

pytestmark = pytest.mark.skipif(REUSING not in installed_vendors(), reason="the vendor that reuses numbers is gone")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two replicas that share a ledger, and no Redis."""
    async with laboratory(tmp_path, PlannedSchema(build_schema()), "memory://") as all_worlds:
        found = World(all_worlds, REUSING, shared=False, cache_ttl="60s")
        try:
            yield found
        finally:
            await found.aclose()


async def waiting(world: World) -> tuple[str, dict[str, Any]]:
    """A queued execution: its id, and its native reference."""
    for task in (await world.ask(0, TASKS))["tasks"]["nodes"]:
        for row in task["executions"]["nodes"]:
            if row["status"] == "QUEUED":
                native = {"backend": world.name, "jobId": task["nativeId"], "thingName": row["device"]["name"]}
                return row["id"], {**native, "executionNumber": row["attempt"]}
    raise AssertionError("nothing is queued")


async def meeting(world: World, replica: int, first: tuple[str, Any], second: tuple[str, Any]) -> list[Any]:
    """The second is sent to this replica when the first, on replica 0, has looked and is about to call."""
    world.fail(FaultKind.REBORN, operation="DeleteJobExecution")
    hold = world.wire.holds[1] = Hold(calls=2, seconds=0.3)

    async def send(number: int, place: int, query: str, members: Any) -> Any:
        CHANGE.set(number)
        return (await world.ask(place, query, {"input": members}))["change"]

    one = asyncio.create_task(send(1, 0, *first))
    await hold.reached.wait()
    two = asyncio.create_task(send(2, replica, *second))
    two.add_done_callback(lambda _: hold.release.set())
    return list(await asyncio.gather(one, two))


@pytest.mark.parametrize("replica", [0, 1])
@pytest.mark.parametrize("by", ["id", "native reference"])
async def test_of_two_deletions_only_one_is_sent(world: World, replica: int, by: str) -> None:
    text, native = await waiting(world)
    named = {"force": True, **({"id": text} if by == "id" else {"execution": native})}
    outcomes = [one["outcome"] for one in await meeting(world, replica, (DELETE, named), (DELETE, named))]
    assert [touch.ended for touch in world.fleet.touches] == [True]
    assert outcomes == ["DONE", "ALREADY_DELETED" if by == "id" else "REFUSED"]


@pytest.mark.parametrize("replica", [0, 1])
async def test_a_cancel_does_not_reach_what_stands_where_another_change_deleted(world: World, replica: int) -> None:
    text, _ = await waiting(world)
    cancel = {"executionIds": [text], "force": True}
    answers = await meeting(world, replica, (CANCEL, cancel), (DELETE, {"id": text, "force": True}))
    canceled, deleted = sorted(world.fleet.touches, key=lambda touch: touch.ended)
    assert canceled.being is deleted.being
    assert answers == [{"results": [{"outcome": "DONE", "error": None}]}, {"outcome": "DONE"}]
