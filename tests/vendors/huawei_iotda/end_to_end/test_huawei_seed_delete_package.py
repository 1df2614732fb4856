"""deleteOtaPackage on Huawei IoTDA, and cancelDeviceUpgrade where one call takes 100 devices at most."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.seed_changes import (
    is_audited,
    previews_without_changing,
    refuses_a_stale_fingerprint,
    replays_and_conflicts,
)
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, simulated_gateway

DELETE = "DeleteOtaPackage"
STOP = "StopBatchTask"
NAME = "deleteOtaPackage"
PACKAGES = """{ packages(first: 100) { nodes { id name version fingerprint
  usedBy(first: 20) { nodes { id status } } } } }"""
ONE = "query One($id: ID!) { package(id: $id) { id version } }"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["huawei-iotda"]) as running:
        yield running


@pytest.fixture
def backend(gateway: SimulatedGateway) -> SimulatedBackend:
    return gateway.backends["huawei-iotda"]


async def packages(gateway: SimulatedGateway, *, used: bool) -> list[dict[str, Any]]:
    """The packages that a task uses, or that none does."""
    rows = (await gateway.ask(PACKAGES))["packages"]["nodes"]
    return [row for row in rows if bool(row["usedBy"]["nodes"]) is used]


async def test_an_unused_package_is_deleted_and_a_second_read_shows_it_gone(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one, other = (await packages(gateway, used=False))[:2]
    members = {"id": one["id"], "expectedFingerprint": one["fingerprint"]}
    preview = await previews_without_changing(gateway, backend, NAME, (DELETE,), **members)
    assert preview["affected"] == [one["id"]]
    assert any("OBS object stays" in effect for effect in preview["sideEffects"])
    await refuses_a_stale_fingerprint(gateway, backend, NAME, (DELETE,), id=one["id"])
    assert (await gateway.ask(ONE, id=one["id"]))["package"]["id"] == one["id"]

    payload = await gateway.change(NAME, idempotencyKey="k1", **members)
    assert (payload["outcome"], payload["deletedId"], payload["errors"]) == ("DONE", one["id"], [])
    assert (await gateway.ask(ONE, id=one["id"]))["package"] is None
    assert one["id"] not in {row["id"] for row in (await gateway.ask(PACKAGES))["packages"]["nodes"]}
    assert (await gateway.ask(ONE, id=other["id"]))["package"]["id"] == other["id"]
    entry = await is_audited(gateway, payload, "DELETE_PACKAGE", "DONE")
    assert entry["before"]["version"] == one["version"]
    assert not entry["after"]
    assert len(entry["vendorRequestIds"]) == 1

    await replays_and_conflicts(gateway, NAME, payload, "k1", {"id": other["id"]}, **members)
    assert (await gateway.change(NAME, id=one["id"]))["outcome"] == "ALREADY_DELETED"
    assert backend.called(DELETE) == 1


async def test_a_package_that_live_tasks_use_is_refused_with_their_ids(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    live = {"IN_PROGRESS", "PENDING", "SCHEDULED"}
    one = next(
        row
        for row in await packages(gateway, used=True)
        if any(task["status"] in live for task in row["usedBy"]["nodes"])
    )
    payload = await gateway.change(NAME, id=one["id"])
    (error,) = payload["errors"]
    assert (payload["outcome"], error["__typename"], error["complete"]) == ("REFUSED", "OtaInUse", True)
    assert set(error["usedBy"]) == {task["id"] for task in one["usedBy"]["nodes"] if task["status"] in live}
    assert backend.called(DELETE) == 0


async def test_a_search_for_users_that_cannot_finish_refuses_unless_forced(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=["huawei-iotda"], pace={"cache_ttl": "0s"}) as gateway:
        backend = gateway.backends["huawei-iotda"]
        one = (await packages(gateway, used=False))[0]
        backend.fail(FaultKind.ERROR, "ListBatchTasks")
        payload = await gateway.change(NAME, id=one["id"])
        (error,) = payload["errors"]
        assert (payload["outcome"], error["__typename"]) == ("REFUSED", "OtaInUse")
        assert (error["complete"], error["usedBy"]) == (False, [])
        assert backend.called(DELETE) == 0
        payload = await gateway.change(NAME, id=one["id"], force=True)
        assert payload["outcome"] == "DONE"
        assert backend.called(DELETE) == 1


@pytest.mark.parametrize(("fault", "sent"), [(FaultKind.ANSWER_LOST, 1), (FaultKind.DROP, 2)])
async def test_after_a_lost_answer_reading_back_decides_whether_to_send_again(
    gateway: SimulatedGateway, backend: SimulatedBackend, fault: FaultKind, sent: int
) -> None:
    one = (await packages(gateway, used=False))[0]
    backend.fail(fault, DELETE, times=1)
    payload = await gateway.change(NAME, id=one["id"])
    assert (payload["outcome"], payload["deletedId"], payload["errors"]) == ("DONE", one["id"], [])
    assert backend.called(DELETE) == sent


async def test_150_devices_are_cancelled_in_two_calls_and_each_has_its_result(tmp_path: Path) -> None:
    fleet = {"devices_per_task": 150}
    async with simulated_gateway(tmp_path, only=["huawei-iotda"], fleet=fleet) as gateway:
        backend = gateway.backends["huawei-iotda"]
        waiting = """{ tasks(first: 20) { nodes { id executions(first: 1000, ) {
          nodes { id status device { name } } } } } }"""
        tasks = (await gateway.ask(waiting))["tasks"]["nodes"]
        task = next(
            one
            for one in tasks
            if len(one["executions"]["nodes"]) == 150
            and all(row["status"] in {"AWAITING_CONFIRMATION", "QUEUED"} for row in one["executions"]["nodes"])
        )
        names = [row["device"]["name"] for row in task["executions"]["nodes"]]
        members = {"devices": {"taskId": task["id"], "deviceNames": names}}
        preview = await previews_without_changing(gateway, backend, "cancelDeviceUpgrade", (STOP,), **members)
        assert len(preview["affected"]) == 150
        payload = await gateway.change("cancelDeviceUpgrade", **members)
        assert payload["errors"] == []
        assert [result["target"] for result in payload["results"]] == names
        assert {result["outcome"] for result in payload["results"]} == {"DONE"}
        assert payload["summary"] == {"requested": 150, "done": 150, "refused": 0, "failed": 0, "unknown": 0}
        assert backend.called(STOP) == 2
        entry = await is_audited(gateway, payload, "CANCEL_EXECUTION", "DONE")
        assert len(entry["vendorRequestIds"]) == 2
        assert len(entry["before"]["executions"]) == 150
        assert {one["status"] for one in entry["after"]["executions"]} == {"CANCELED"}
        again = await gateway.change("cancelDeviceUpgrade", **members)
        assert {result["outcome"] for result in again["results"]} == {"ALREADY_DONE"}
        assert backend.called(STOP) == 2
