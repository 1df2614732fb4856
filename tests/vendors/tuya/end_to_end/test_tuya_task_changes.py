"""Creating, confirming and cancelling Tuya's batches, through GraphQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TASKS = """{ tasks(first: 100) { nodes { id vendorStatus package { id }
  executions(first: 20) { nodes { id status device { name productKey } } } } } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["tuya"]) as gateway:
        yield gateway


async def _with_execution(gateway: SimulatedGateway, status: str) -> tuple[dict, list[dict]]:
    for task in (await gateway.ask(TASKS))["tasks"]["nodes"]:
        found = [one for one in task["executions"]["nodes"] if one["status"] == status]
        if found:
            return task, found
    raise AssertionError(f"no execution is {status}")


async def test_a_created_batch_shows_its_devices(gateway: SimulatedGateway) -> None:
    task, executions = await _with_execution(gateway, "SUCCEEDED")
    device = executions[0]["device"]

    created = await gateway.change(
        "createOtaTask",
        backend="lab-tuya",
        packageId=task["package"]["id"],
        productKey=device["productKey"],
        targets=[device["name"]],
        vendorOptions={"NeedConfirm": True},
    )

    assert created["errors"] == []
    assert created["outcome"] == "DONE"
    seen = await gateway.ask(
        "query($id: ID!) { task(id: $id) { executions { nodes { status device { name } } } } }",
        id=created["task"]["id"],
    )
    assert seen["task"]["executions"]["nodes"] == [
        {"status": "AWAITING_CONFIRMATION", "device": {"name": device["name"]}}
    ]


async def test_confirming_a_whole_batch_sends_every_waiting_device(gateway: SimulatedGateway) -> None:
    task, waiting = await _with_execution(gateway, "AWAITING_CONFIRMATION")

    answer = await gateway.change("confirmOtaTask", id=task["id"], show="results { target }")

    assert answer["errors"] == []
    assert answer["outcome"] == "REQUESTED"
    left = await gateway.ask(
        "query($id: ID!) { task(id: $id) { executions(status: [AWAITING_CONFIRMATION]) { nodes { id } } } }",
        id=task["id"],
    )
    assert left["task"]["executions"]["nodes"] == []
    assert len(waiting) > 0


async def test_devices_of_a_package_are_cancelled_in_all_its_batches_only_when_that_is_said(
    gateway: SimulatedGateway,
) -> None:
    task, waiting = await _with_execution(gateway, "QUEUED")
    devices = {"packageId": task["package"]["id"], "deviceNames": [waiting[0]["device"]["name"]]}

    refused = await gateway.change("cancelDeviceUpgrade", devices=devices)
    assert refused["errors"][0]["path"] == ["devices", "allTasks"]
    assert gateway.backends["tuya"].called("CancelOTATaskByDevice") == 0
    answer = await gateway.change("cancelDeviceUpgrade", devices={**devices, "allTasks": True})

    assert answer["errors"] == []
    assert [result["outcome"] for result in answer["results"]] == ["DONE"]
    assert gateway.backends["tuya"].called("CancelOTATaskByDevice") == 1


async def test_a_batch_is_never_deleted_and_cancelling_is_offered_instead(gateway: SimulatedGateway) -> None:
    task, _ = await _with_execution(gateway, "QUEUED")
    before = gateway.calls

    answer = await gateway.change(
        "deleteOtaTask", id=task["id"], show="errors { ... on OtaUnsupportedByVendor { operation alternatives } }"
    )

    assert answer["errors"][0]["__typename"] == "OtaUnsupportedByVendor"
    assert answer["errors"][0]["alternatives"] == ["CANCEL_TASK"]
    assert gateway.calls == before


async def test_a_lost_answer_to_a_cancel_is_never_repeated_and_reading_back_decides(
    gateway: SimulatedGateway,
) -> None:
    _, waiting = await _with_execution(gateway, "QUEUED")
    backend = gateway.backends["tuya"]
    backend.fail("answer_lost", "CancelOTATaskByDevice")

    answer = await gateway.change("cancelDeviceUpgrade", executionIds=[waiting[0]["id"]])

    assert [result["outcome"] for result in answer["results"]] == ["DONE"]
    assert backend.called("CancelOTATaskByDevice") == 1


async def test_a_cancel_that_never_arrived_is_unknown_until_somebody_looks(gateway: SimulatedGateway) -> None:
    _, waiting = await _with_execution(gateway, "QUEUED")
    backend = gateway.backends["tuya"]
    backend.fail("drop", "CancelOTATaskByDevice")

    answer = await gateway.change("cancelDeviceUpgrade", executionIds=[waiting[0]["id"]])

    assert [result["outcome"] for result in answer["results"]] == ["UNKNOWN"]
    assert answer["results"][0]["error"]["code"] == "OUTCOME_UNKNOWN"
    assert backend.called("CancelOTATaskByDevice") == 1
