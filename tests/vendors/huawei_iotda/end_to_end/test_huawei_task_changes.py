"""Creating, cancelling, confirming and retrying Huawei's batch tasks, through GraphQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TASKS = """{ tasks(first: 100) { nodes { id name vendorStatus
  allowedOperations { operation allowed }
  executions(first: 20) { nodes { id status vendorStatus device { name } } } } } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["huawei-iotda"]) as gateway:
        yield gateway


async def _task(gateway: SimulatedGateway, operation: str, execution_status: str) -> dict:
    tasks = (await gateway.ask(TASKS))["tasks"]["nodes"]
    return next(
        task
        for task in tasks
        if any(one == {"operation": operation, "allowed": True} for one in task["allowedOperations"])
        and any(execution["status"] == execution_status for execution in task["executions"]["nodes"])
    )


async def test_a_created_task_is_listed_with_its_package_and_devices(gateway: SimulatedGateway) -> None:
    packages = await gateway.ask("{ packages(first: 50, filter: {kind: [FIRMWARE]}) { nodes { id version } } }")
    package = packages["packages"]["nodes"][0]
    devices = await gateway.ask(TASKS)
    name = devices["tasks"]["nodes"][0]["executions"]["nodes"][0]["device"]["name"]

    created = await gateway.change(
        "createOtaTask",
        backend="lab-huawei-iotda",
        name="wave_of_one",
        packageId=package["id"],
        targets=[name],
        vendorOptions={"need_confirm": True},
    )

    assert created["errors"] == []
    assert created["outcome"] == "DONE"
    seen = await gateway.ask(
        """query($id: ID!) { task(id: $id) { name package { id } executionCounts { total unit }
           executions { nodes { status device { name } } } } }""",
        id=created["task"]["id"],
    )
    assert seen["task"]["package"]["id"] == package["id"]
    assert seen["task"]["executions"]["nodes"] == [{"status": "AWAITING_CONFIRMATION", "device": {"name": name}}]
    listed = await gateway.ask('{ tasks(first: 100, filter: {text: "wave_of_one"}) { nodes { id } } }')
    assert listed["tasks"]["nodes"] == [{"id": created["task"]["id"]}]


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"name": "with space"}, ["name"]),
        ({"targets": ["bad name!"]}, ["targets", "0"]),
        ({"targets": []}, ["targets"]),
        ({"vendorOptions": {"task_typo": 1}}, ["vendorOptions", "task_typo"]),
        ({"vendorOptions": [1]}, ["vendorOptions"]),
        ({"description": "Huawei has none"}, ["description"]),
        ({"packageId": "MTp0YXNrOng6eTo"}, ["packageId"]),
    ],
)
async def test_a_draft_that_breaks_a_rule_is_refused_before_any_call(
    gateway: SimulatedGateway, members: dict, path: list[str]
) -> None:
    package = (await gateway.ask("{ packages(first: 1) { nodes { id } } }"))["packages"]["nodes"][0]["id"]
    before = gateway.calls
    draft = {"backend": "lab-huawei-iotda", "name": "fine", "packageId": package, "targets": ["press-0001"]}

    answer = await gateway.change("createOtaTask", **{**draft, **members})

    assert answer["outcome"] == "REFUSED"
    assert [error["path"] for error in answer["errors"]] == [path]
    assert gateway.calls == before


async def test_cancelling_a_task_stops_it_and_a_second_cancel_is_already_done(gateway: SimulatedGateway) -> None:
    task = await _task(gateway, "CANCEL_TASK", "IN_PROGRESS")
    backend = gateway.backends["huawei-iotda"]

    preview = await gateway.change("cancelOtaTask", id=task["id"], dryRun=True)
    assert preview["outcome"] == "PREVIEWED"
    assert preview["preview"]["affected"] == [task["id"]]
    assert backend.called("StopBatchTask") == 0
    first = await gateway.change("cancelOtaTask", id=task["id"], reason="bad build")
    again = await gateway.change("cancelOtaTask", id=task["id"])

    assert first["outcome"] in ("DONE", "REQUESTED")
    assert again["outcome"] == "ALREADY_DONE"
    assert backend.called("StopBatchTask") == 1


async def test_confirming_some_devices_lets_only_those_go_on(gateway: SimulatedGateway) -> None:
    task = await _task(gateway, "CONFIRM_TASK", "AWAITING_CONFIRMATION")
    chosen, *others = [one for one in task["executions"]["nodes"] if one["status"] == "AWAITING_CONFIRMATION"]

    preview = await gateway.change("confirmOtaTask", id=task["id"], executionIds=[chosen["id"]], dryRun=True)
    assert preview["preview"]["affected"] == [chosen["id"]]
    answer = await gateway.change(
        "confirmOtaTask",
        id=task["id"],
        executionIds=[chosen["id"]],
        show="results { target outcome error { code } }",
    )

    assert answer["errors"] == []
    assert [result["target"] for result in answer["results"]] == [chosen["id"]]
    assert answer["results"][0]["outcome"] in ("DONE", "REQUESTED")
    assert len(others) > 0
    assert gateway.backends["huawei-iotda"].called("ConfirmBatchTask") == 1


async def test_retrying_a_whole_task_asks_for_all_of_it_once(gateway: SimulatedGateway) -> None:
    task = await _task(gateway, "RETRY_TASK", "FAILED")

    preview = await gateway.change("retryOtaTask", id=task["id"], dryRun=True)
    answer = await gateway.change("retryOtaTask", id=task["id"], show="results { target }")

    assert preview["preview"]["affected"] == [task["id"]]
    assert answer["errors"] == []
    assert answer["outcome"] == "REQUESTED"
    assert gateway.backends["huawei-iotda"].called("RetryBatchTask") == 1


async def test_an_execution_of_another_task_is_not_released(gateway: SimulatedGateway) -> None:
    tasks = (await gateway.ask(TASKS))["tasks"]["nodes"]
    foreign = tasks[1]["executions"]["nodes"][0]["id"]

    answer = await gateway.change("confirmOtaTask", id=tasks[0]["id"], executionIds=[foreign])

    assert answer["errors"][0]["path"] == ["executionIds", "0"]
    assert gateway.backends["huawei-iotda"].called("ConfirmBatchTask") == 0
