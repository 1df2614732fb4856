"""A job from its creation to its deletion, through the gateway, while devices work on it."""

import pytest

from tests.support.aws_fleet import Fleet
from tests.support.gateway_server import RunningGateway
from tests.support.watched_server import Watched

ERRORS = (
    "errors { __typename code message backend target ... on OtaInvalidState { needsForce vendorStatus } "
    "... on OtaVendorRejected { httpStatus vendorCode } }"
)
EXECUTION = "id status vendorStatus attempt queuedAt startedAt fingerprint failure { reason vendorCode vendorMessage }"
CREATED = f"outcome auditEntryId task {{ id name status nativeId }} {ERRORS}"
DELETED = f"outcome deletedId auditEntryId {ERRORS}"
CANCELLED = (
    f"{ERRORS} summary {{ done requested refused failed }} "
    "results { target deviceName outcome statusBefore execution { id status } "
    "error { __typename message ... on OtaInvalidState { needsForce } } }"
)


def create(gateway: RunningGateway, name: str, *arns: str) -> str:
    made = gateway.change(
        "createOtaTask", CREATED, backend="fleet", name=name, targets=list(arns), document='{"operation": "install"}'
    )
    assert (made["outcome"], made["errors"]) == ("DONE", [])
    assert made["task"]["nativeId"] == name
    return str(made["task"]["id"])


def executions(gateway: RunningGateway, task: str) -> dict[str, dict[str, object]]:
    """By device."""
    query = f"query ($id: ID!) {{ task(id: $id) {{ executions {{ nodes {{ device {{ name }} {EXECUTION} }} }} }} }}"
    rows = gateway.ask(query, id=task)["task"]["executions"]["nodes"]
    return {row["device"]["name"]: row for row in rows}


def execution(gateway: RunningGateway, found: object) -> dict[str, object] | None:
    read: dict[str, object] | None = gateway.ask(
        f"query ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}", id=found
    )["execution"]
    return read


def test_a_task_is_created_listed_worked_on_and_deleted(gateway: RunningGateway, fleet: Fleet) -> None:
    (good, good_arn), (bad, bad_arn), (late, late_arn) = fleet.thing(), fleet.thing(), fleet.thing()
    task = create(gateway, f"life-{good}", good_arn, bad_arn, late_arn)

    listed = gateway.ask(
        "query ($text: String) { tasks(filter: {text: $text}) { nodes { id status executionCounts "
        "{ total byStatus { status count } } } backends { name status } } }",
        text=good,
    )["tasks"]
    assert listed["backends"] == [{"name": "fleet", "status": "OK"}]
    (row,) = listed["nodes"]
    assert (row["id"], row["status"]) == (task, "IN_PROGRESS")
    assert row["executionCounts"]["total"] == 3
    assert {"status": "QUEUED", "count": 3} in row["executionCounts"]["byStatus"]
    assert {name: one["status"] for name, one in executions(gateway, task).items()} == {
        good: "QUEUED",
        bad: "QUEUED",
        late: "QUEUED",
    }

    fleet.started(good)
    assert executions(gateway, task)[good]["status"] == "IN_PROGRESS"
    fleet.reports(good, f"life-{good}", "SUCCEEDED")
    fleet.started(bad)
    fleet.reports(bad, f"life-{good}", "FAILED", errorCode="E42", message="no space left")

    seen = executions(gateway, task)
    assert {name: one["status"] for name, one in seen.items()} == {good: "SUCCEEDED", bad: "FAILED", late: "QUEUED"}
    assert seen[bad]["failure"] == {"reason": "VENDOR", "vendorCode": "E42", "vendorMessage": "no space left"}
    history = gateway.ask(
        'query ($name: String!) { device(backend: "fleet", name: $name) { executions { nodes { id status task { id } } '
        "} } }",
        name=good,
    )["device"]["executions"]["nodes"]
    assert [(one["status"], one["task"]["id"]) for one in history] == [("SUCCEEDED", task)]

    running = gateway.change("deleteOtaTask", DELETED, id=task)
    assert running["outcome"] == "REFUSED"
    assert [(one["code"], one["needsForce"]) for one in running["errors"]] == [("INVALID_STATE", True)]
    cancelled = gateway.change("cancelOtaTask", f"outcome task {{ status }} {ERRORS}", id=task, reason="enough")
    assert (cancelled["outcome"], cancelled["errors"]) == ("DONE", [])
    assert gateway.change("deleteOtaTask", DELETED, id=task)["outcome"] == "DONE"
    assert gateway.ask("query ($id: ID!) { task(id: $id) { id status } }", id=task)["task"] is None
    assert gateway.change("deleteOtaTask", DELETED, id=task)["outcome"] == "ALREADY_DELETED"


def test_one_execution_is_cancelled_by_its_id_and_the_others_stay(gateway: RunningGateway, fleet: Fleet) -> None:
    (one, one_arn), (other, other_arn) = fleet.thing(), fleet.thing()
    task = create(gateway, f"cancel-{one}", one_arn, other_arn)
    before = executions(gateway, task)

    done = gateway.change("cancelDeviceUpgrade", CANCELLED, executionIds=[before[one]["id"]])

    assert done["errors"] == []
    (result,) = done["results"]
    assert (result["outcome"], result["statusBefore"], result["deviceName"]) == ("DONE", "QUEUED", one)
    assert result["execution"]["status"] == "CANCELED"
    assert {name: row["status"] for name, row in executions(gateway, task).items()} == {
        one: "CANCELED",
        other: "QUEUED",
    }


def test_devices_of_a_task_are_cancelled_one_by_one_and_each_has_its_own_answer(
    gateway: RunningGateway, fleet: Fleet
) -> None:
    (queued, queued_arn), (working, working_arn), (done, done_arn) = fleet.thing(), fleet.thing(), fleet.thing()
    canceled, canceled_arn = fleet.thing()
    stranger, _ = fleet.thing()
    job = f"several-{queued}"
    task = create(gateway, job, queued_arn, working_arn, done_arn, canceled_arn)
    fleet.started(working)
    fleet.started(done)
    fleet.reports(done, job, "SUCCEEDED")
    fleet.iot.cancel_job_execution(jobId=job, thingName=canceled)
    names = [queued, working, done, canceled, stranger]

    answer = gateway.change("cancelDeviceUpgrade", CANCELLED, devices={"taskId": task, "deviceNames": names})

    assert [one["target"] for one in answer["results"]] == names
    outcomes = {one["target"]: one["outcome"] for one in answer["results"]}
    assert outcomes == {
        queued: "DONE",
        working: "REFUSED",
        done: "REFUSED",
        canceled: "ALREADY_DONE",
        stranger: "REFUSED",
    }
    problems = {one["target"]: one["error"] for one in answer["results"] if one["error"] is not None}
    assert problems[working]["__typename"] == "OtaInvalidState"
    assert problems[working]["needsForce"] is True
    assert (problems[done]["__typename"], problems[done]["needsForce"]) == ("OtaInvalidState", False)
    assert problems[stranger]["__typename"] == "OtaNotFound"
    assert {name: row["status"] for name, row in executions(gateway, task).items()} == {
        queued: "CANCELED",
        working: "IN_PROGRESS",
        done: "SUCCEEDED",
        canceled: "CANCELED",
    }

    forced = gateway.change(
        "cancelDeviceUpgrade", CANCELLED, devices={"taskId": task, "deviceNames": [working]}, force=True
    )
    assert [(one["outcome"], one["execution"]["status"]) for one in forced["results"]] == [("DONE", "CANCELED")]


def test_an_execution_in_progress_is_deleted_with_force_alone(
    gateway: RunningGateway, fleet: Fleet, sent: Watched
) -> None:
    thing, arn = fleet.thing()
    job = f"force-{thing}"
    task = create(gateway, job, arn)
    fleet.started(thing)
    found = executions(gateway, task)[thing]["id"]
    sent.calls.clear()

    refused = gateway.change("deleteJobExecution", DELETED, id=found)

    assert refused["outcome"] == "REFUSED"
    (problem,) = refused["errors"]
    assert problem["__typename"] == "OtaInvalidState"
    assert (problem["needsForce"], problem["vendorStatus"]) == (True, "IN_PROGRESS")
    assert sent.sent("GET") == sent.calls

    forced = gateway.change("deleteJobExecution", DELETED, id=found, force=True)
    assert (forced["outcome"], forced["deletedId"], forced["errors"]) == ("DONE", found, [])
    assert sent.sent("DELETE") == [f"DELETE /things/{thing}/jobs/{job}/executionNumber/1?force=true"]
    assert fleet.execution(thing, job) is None
    assert execution(gateway, found) is None


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "REJECTED"])
def test_an_ended_execution_is_deleted_without_force(gateway: RunningGateway, fleet: Fleet, status: str) -> None:
    thing, arn = fleet.thing()
    job = f"ended-{thing}"
    task = create(gateway, job, arn)
    fleet.started(thing)
    fleet.reports(thing, job, status)

    deleted = gateway.change("deleteJobExecution", DELETED, id=executions(gateway, task)[thing]["id"])

    assert (deleted["outcome"], deleted["errors"]) == ("DONE", [])
    assert fleet.execution(thing, job) is None


def test_a_queued_execution_is_not_deleted_without_force_although_this_emulator_would(
    gateway: RunningGateway, fleet: Fleet, sent: Watched
) -> None:
    thing, arn = fleet.thing()
    job = f"queued-{thing}"
    task = create(gateway, job, arn)
    found = executions(gateway, task)[thing]["id"]
    sent.calls.clear()

    refused = gateway.change("deleteJobExecution", DELETED, id=found)

    assert (refused["outcome"], refused["errors"][0]["needsForce"]) == ("REFUSED", True)
    assert sent.sent("DELETE") == []
    assert fleet.execution(thing, job) is not None


def test_packages_that_this_emulator_does_not_have_fail_as_data_while_tasks_answer(
    gateway: RunningGateway, fleet: Fleet
) -> None:
    thing, arn = fleet.thing()
    task = create(gateway, f"beside-{thing}", arn)

    for _ in range(4):
        both = gateway.ask(
            "query ($text: String) { tasks(filter: {text: $text}) { nodes { id } backends { name status } } packages "
            "{ nodes { id } backends { name status error { __typename ... on OtaVendorRejected { httpStatus vendorCode "
            "} } } } }",
            text=thing,
        )
        assert both["tasks"] == {"nodes": [{"id": task}], "backends": [{"name": "fleet", "status": "OK"}]}
        assert both["packages"]["nodes"] == []
        (result,) = both["packages"]["backends"]
        assert result["status"] == "FAILED"
        assert result["error"] == {
            "__typename": "OtaVendorRejected",
            "httpStatus": 400,
            "vendorCode": "InvalidRequestException",
        }


def test_a_job_id_that_is_taken_is_refused_by_the_vendor_and_told_as_data(
    gateway: RunningGateway, fleet: Fleet
) -> None:
    thing, arn = fleet.thing()
    create(gateway, f"taken-{thing}", arn)

    again = gateway.change(
        "createOtaTask", CREATED, backend="fleet", name=f"taken-{thing}", targets=[arn], document='{"other": 1}'
    )

    assert again["task"] is None
    (problem,) = again["errors"]
    assert (problem["__typename"], problem["vendorCode"]) == ("OtaVendorRejected", "ResourceAlreadyExistsException")
