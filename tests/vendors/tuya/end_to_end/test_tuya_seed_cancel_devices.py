"""cancelDeviceUpgrade on Tuya: a GET that is never repeated, and what each device then shows is the answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.seed_changes import is_audited, previews_without_changing
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, simulated_gateway

CANCEL = "CancelOTATaskByDevice"
NAME = "cancelDeviceUpgrade"
TASKS = """{ tasks(first: 20) { nodes { id executions(first: 100) {
  nodes { id status vendorStatus device { name productKey } } } } } }"""
ONE = "query One($id: ID!) { execution(id: $id) { id status } }"
CANCELLABLE = {"CONFIRM", "QUEUED", "NOTIFIED"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["tuya"]) as running:
        yield running


@pytest.fixture
def backend(gateway: SimulatedGateway) -> SimulatedBackend:
    return gateway.backends["tuya"]


async def task_with(gateway: SimulatedGateway, statuses: set[str], least: int = 2) -> tuple[str, list[dict[str, Any]]]:
    """A task's id and at least so many of its executions at one of these."""
    for task in (await gateway.ask(TASKS))["tasks"]["nodes"]:
        rows = [row for row in task["executions"]["nodes"] if row["vendorStatus"] in statuses]
        if len(rows) >= least:
            return task["id"], rows
    raise AssertionError(statuses)


async def test_devices_of_a_task_are_cancelled_by_name_and_a_second_read_shows_it(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    task, rows = await task_with(gateway, CANCELLABLE)
    one, other = rows[:2]
    names = [one["device"]["name"]]
    by_name = {"taskId": task, "productKey": one["device"]["productKey"], "deviceNames": names}
    preview = await previews_without_changing(gateway, backend, NAME, (CANCEL,), devices=by_name)
    assert preview["affected"] == [one["id"]]
    assert (await gateway.ask(ONE, id=one["id"]))["execution"]["status"] == one["status"]

    payload = await gateway.change(NAME, idempotencyKey="k1", devices=by_name)
    (result,) = payload["results"]
    assert payload["errors"] == []
    assert (result["target"], result["outcome"], result["execution"]["id"]) == (names[0], "DONE", one["id"])
    assert (result["statusBefore"], result["vendorStatusBefore"]) == (one["status"], one["vendorStatus"])
    assert (await gateway.ask(ONE, id=one["id"]))["execution"]["status"] == "CANCELED"
    assert (await gateway.ask(ONE, id=other["id"]))["execution"]["status"] == other["status"]
    entry = await is_audited(gateway, payload, "CANCEL_EXECUTION", "DONE")
    assert entry["before"]["executions"][0]["vendorStatus"] == one["vendorStatus"]
    assert entry["after"]["executions"][0]["status"] == "CANCELED"
    assert len(entry["vendorRequestIds"]) == 1

    elsewhere = {**by_name, "deviceNames": [other["device"]["name"]]}
    calls = backend.called(CANCEL)
    again = await gateway.change(NAME, idempotencyKey="k1", devices=by_name)
    assert [(one["target"], one["outcome"]) for one in again["results"]] == [(names[0], "DONE")]
    assert again["auditEntryId"] == payload["auditEntryId"]
    conflict = await gateway.change(NAME, idempotencyKey="k1", devices=elsewhere)
    assert [error["code"] for error in conflict["errors"]] == ["IDEMPOTENCY_CONFLICT"]
    assert backend.called(CANCEL) == calls == 1
    repeated = await gateway.change(NAME, devices=by_name)
    assert [one["outcome"] for one in repeated["results"]] == ["ALREADY_DONE"]
    assert backend.called(CANCEL) == 1


async def test_each_target_has_its_own_answer(gateway: SimulatedGateway, backend: SimulatedBackend) -> None:
    _, waiting = await task_with(gateway, CANCELLABLE, least=1)
    _, ended = await task_with(gateway, {"SUCCEEDED"}, least=1)
    payload = await gateway.change(NAME, executionIds=[ended[0]["id"], waiting[0]["id"]])
    assert [one["outcome"] for one in payload["results"]] == ["REFUSED", "DONE"]
    assert payload["results"][0]["error"]["__typename"] == "OtaInvalidState"
    assert payload["summary"] == {"requested": 2, "done": 1, "refused": 1, "failed": 0, "unknown": 0}
    assert backend.called(CANCEL) == 1


@pytest.mark.parametrize("policy", ["ALL_OR_NOTHING", "STOP_ON_FIRST"])
async def test_stricter_policies_call_nothing_once_a_target_is_refused(
    gateway: SimulatedGateway, backend: SimulatedBackend, policy: str
) -> None:
    _, waiting = await task_with(gateway, CANCELLABLE, least=1)
    _, ended = await task_with(gateway, {"SUCCEEDED"}, least=1)
    payload = await gateway.change(NAME, executionIds=[ended[0]["id"], waiting[0]["id"]], errorPolicy=policy)
    assert [one["outcome"] for one in payload["results"]] == ["REFUSED", "REFUSED"]
    assert backend.called(CANCEL) == 0
    assert (await gateway.ask(ONE, id=waiting[0]["id"]))["execution"]["status"] == waiting[0]["status"]


@pytest.mark.parametrize(("fault", "outcome"), [(FaultKind.ANSWER_LOST, "DONE"), (FaultKind.DROP, "UNKNOWN")])
async def test_after_a_lost_answer_reading_back_decides_and_the_call_is_never_repeated(
    gateway: SimulatedGateway, backend: SimulatedBackend, fault: FaultKind, outcome: str
) -> None:
    _, waiting = await task_with(gateway, CANCELLABLE, least=1)
    backend.fail(fault, CANCEL)
    payload = await gateway.change(NAME, executionIds=[waiting[0]["id"]])
    assert [one["outcome"] for one in payload["results"]] == [outcome]
    assert backend.called(CANCEL) == 1
    await is_audited(gateway, payload, "CANCEL_EXECUTION", outcome)


async def test_more_than_fifty_names_go_in_several_calls(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=["tuya"], fleet={"devices_per_task": 120}) as gateway:
        backend = gateway.backends["tuya"]
        query = TASKS.replace("first: 100", "first: 1000")
        tasks = (await gateway.ask(query))["tasks"]["nodes"]
        task, rows = next(
            (task["id"], rows)
            for task in tasks
            if len(rows := [one for one in task["executions"]["nodes"] if one["vendorStatus"] in CANCELLABLE]) == 120
        )
        key = rows[0]["device"]["productKey"]
        names = [one["device"]["name"] for one in rows]
        payload = await gateway.change(NAME, devices={"taskId": task, "productKey": key, "deviceNames": names})
        assert payload["summary"] == {"requested": 120, "done": 120, "refused": 0, "failed": 0, "unknown": 0}
        assert backend.called(CANCEL) == 3


async def test_a_whole_package_needs_all_tasks_said(gateway: SimulatedGateway, backend: SimulatedBackend) -> None:
    package = (await gateway.ask("{ packages(first: 1) { nodes { id } } }"))["packages"]["nodes"][0]["id"]
    refused = await gateway.change(NAME, devices={"packageId": package, "deviceNames": ["till0001"]})
    assert [error["path"] for error in refused["errors"]] == [["devices", "allTasks"]]
    assert backend.called(CANCEL) == 0
