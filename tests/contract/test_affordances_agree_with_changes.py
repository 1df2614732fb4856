"""What `allowedOperations` says of an object is what the change then does at the simulated vendor."""

from pathlib import Path
from typing import Any

import pytest

from gateway.domain.operations import Operation
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

ALLOWED = "allowedOperations { operation allowed needsForce reason }"
TASKS = f"{{ tasks(first: 50) {{ nodes {{ id name vendorStatus {ALLOWED} }} }} }}"
PACKAGES = f"{{ packages(first: 50) {{ nodes {{ id name vendorStatus {ALLOWED} }} }} }}"
# What an object itself cannot tell: the tasks that use a package, the devices of a task that await a confirmation.
WAITING = """query Waiting($id: ID!) { executions(filter: { taskId: $id, status: [AWAITING_CONFIRMATION] }) {
  nodes { id } } }"""
EXECUTIONS = f"""{{ tasks(first: 5) {{ nodes {{ executions(first: 20) {{
  nodes {{ id vendorStatus {ALLOWED} }} }} }} }} }}"""
ACCEPTED = {"DONE", "REQUESTED"}
# What is cancelled already needs no cancelling; the change says so instead of refusing.
NOTHING_TO_DO = {"ALREADY_DONE"}
ON_TASKS = {
    Operation.UPDATE_TASK: "updateOtaTask",
    Operation.CONFIRM_TASK: "confirmOtaTask",
    Operation.RETRY_TASK: "retryOtaTask",
    Operation.CANCEL_TASK: "cancelOtaTask",
    Operation.DELETE_TASK: "deleteOtaTask",
}


def members_of(operation: Operation, subject: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The mutation for an operation, and its input."""
    if operation is Operation.CANCEL_EXECUTION:
        return "cancelDeviceUpgrade", {"executionIds": [subject["id"]]}
    if operation is Operation.DELETE_EXECUTION:
        return "deleteJobExecution", {"id": subject["id"]}
    if operation is Operation.DELETE_PACKAGE:
        return "deleteOtaPackage", {"id": subject["id"]}
    more = {"description": "as agreed"} if operation is Operation.UPDATE_TASK else {}
    return ON_TASKS[operation], {"id": subject["id"], **more}


def outcome_of(payload: dict[str, Any]) -> str:
    """The outcome of a change to one object, or of the one target of a change to several."""
    if "outcome" in payload:
        return str(payload["outcome"])
    return str(payload["results"][0]["outcome"]) if payload["results"] else "REFUSED"


async def subjects(gateway: SimulatedGateway, operation: Operation) -> list[dict[str, Any]]:
    """The seeded objects that an operation is for."""
    if operation in ON_TASKS:
        return list((await gateway.ask(TASKS))["tasks"]["nodes"])
    if operation is Operation.DELETE_PACKAGE:
        return list((await gateway.ask(PACKAGES))["packages"]["nodes"])
    tasks = (await gateway.ask(EXECUTIONS))["tasks"]["nodes"]
    return [execution for task in tasks for execution in task["executions"]["nodes"]]


@pytest.mark.parametrize(
    "operation", [*ON_TASKS, Operation.DELETE_PACKAGE, Operation.CANCEL_EXECUTION, Operation.DELETE_EXECUTION]
)
async def test_what_is_said_to_be_allowed_is_what_is_accepted(slug: str, operation: Operation, tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=[slug]) as gateway:
        found = await subjects(gateway, operation)
        for subject in found:
            said = next(one for one in subject["allowedOperations"] if one["operation"] == operation)
            assert said["allowed"] or said["reason"]
            await agrees(gateway, operation, subject, said)


async def agrees(
    gateway: SimulatedGateway, operation: Operation, subject: dict[str, Any], said: dict[str, Any]
) -> None:
    """Preview, then do, without and where needed with force."""
    about = (operation.value, subject["vendorStatus"], said)
    name, members = members_of(operation, subject)
    plainly = said["allowed"] and not said["needsForce"]
    preview = await gateway.change(name, dryRun=True, **members)
    if preview["preview"] is None:
        assert preview["errors"][0]["__typename"] == "OtaUnsupportedByVendor", about
        assert not said["allowed"], about
    else:
        refused = [one for one in preview["preview"]["wouldRefuse"] if one["code"] != "IN_USE"]
        cancelled = not refused and not preview["preview"]["affected"]
        assert (not refused) is plainly or (cancelled and not plainly), (about, preview)
    done = await gateway.change(name, **members)
    outcome = outcome_of(done)
    if plainly and outcome == "REFUSED":
        await depends_on_others(gateway, operation, subject, done)
        return
    assert (outcome in ACCEPTED) if plainly else (outcome in {"REFUSED"} | NOTHING_TO_DO), (about, done)
    if said["needsForce"]:
        assert outcome_of(await gateway.change(name, **{**members, "force": True})) in ACCEPTED, about


async def depends_on_others(
    gateway: SimulatedGateway, operation: Operation, subject: dict[str, Any], done: dict[str, Any]
) -> None:
    """A change that the object's own state allows is refused only for what others say, and says so."""
    (error,) = done["errors"]
    if operation is Operation.DELETE_PACKAGE:
        assert error["code"] == "IN_USE", done
        assert error["usedBy"]
        return
    assert operation is Operation.CONFIRM_TASK, done
    assert error["code"] == "INVALID_STATE", done
    assert (await gateway.ask(WAITING, id=subject["id"]))["executions"]["nodes"] == []
