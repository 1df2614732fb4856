"""Job executions as boto3 sees them: the force rules, versions, numbers that come back, and long lists."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule

THING = "arn:aws:iot:eu-west-1:123456789012:thing/"
DEVICE = "dev:000002"
FINAL = ("SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED")
CONFLICT = (409, "InvalidStateTransitionException")
MISSING = (404, "ResourceNotFoundException")


def refused(call: Any, **given: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def with_job(world: Any, status: str | None = None) -> dict[str, str]:
    """A job `j` over two things, one of them in that status; gives the arguments that name its execution."""
    world.client.create_job(jobId="j", targets=[THING + DEVICE, THING + "dev-000003"], document="{}")
    if status is not None:
        world.simulator.set_execution_status("j", DEVICE, status)
    return {"jobId": "j", "thingName": DEVICE}


def described(world: Any, key: dict[str, str]) -> Any:
    return world.client.describe_job_execution(**key)["execution"]


@pytest.mark.parametrize("force", [False, True])
def test_a_queued_execution_is_cancelled(iot_world: Any, force: bool) -> None:
    world = iot_world()
    key = with_job(world)
    world.client.cancel_job_execution(**key, force=force)
    execution = described(world, key)
    assert (execution["status"], execution["forceCanceled"]) == ("CANCELED", False)
    assert "startedAt" not in execution


def test_a_running_execution_is_cancelled_with_force_only(iot_world: Any) -> None:
    world = iot_world()
    key = with_job(world, "IN_PROGRESS")
    assert refused(world.client.cancel_job_execution, **key) == CONFLICT
    world.client.cancel_job_execution(**key, force=True)
    execution = described(world, key)
    assert (execution["status"], execution["forceCanceled"]) == ("CANCELED", True)


@pytest.mark.parametrize("status", FINAL)
def test_an_execution_that_has_ended_cannot_be_cancelled(iot_world: Any, status: str) -> None:
    world = iot_world()
    key = with_job(world, status)
    assert refused(world.client.cancel_job_execution, **key, force=True) == CONFLICT


def test_the_expected_version_guards_a_cancellation(iot_world: Any) -> None:
    world = iot_world()
    key = with_job(world, "IN_PROGRESS")
    version = described(world, key)["versionNumber"]
    stale = refused(world.client.cancel_job_execution, **key, force=True, expectedVersion=version - 1)
    assert stale == (409, "VersionConflictException")
    world.client.cancel_job_execution(**key, force=True, expectedVersion=version)
    assert described(world, key)["versionNumber"] == version + 1


@pytest.mark.parametrize(
    ("status", "variants", "allowed"),
    [
        *((status, (), True) for status in FINAL),
        ("QUEUED", (), False),
        ("QUEUED", ("queued_deletable",), True),
        ("IN_PROGRESS", (), False),
        ("IN_PROGRESS", ("queued_deletable",), False),
        ("TIMED_OUT", ("timed_out_protected",), False),
    ],
)
def test_the_status_decides_whether_an_execution_is_deleted_without_force(
    iot_world: Any, status: str, variants: tuple[str, ...], allowed: bool
) -> None:
    world = iot_world(variants=frozenset(variants))
    key = with_job(world, status)
    if not allowed:
        assert refused(world.client.delete_job_execution, **key, executionNumber=1) == CONFLICT
    world.client.delete_job_execution(**key, executionNumber=1, force=not allowed)
    assert refused(world.client.describe_job_execution, **key) == MISSING
    assert refused(world.client.delete_job_execution, **key, executionNumber=1) == MISSING
    rows = world.client.list_job_executions_for_job(jobId="j")["executionSummaries"]
    assert [row["thingArn"] for row in rows] == [THING + "dev-000003"]


def test_a_number_that_does_not_stand_is_not_found(iot_world: Any) -> None:
    world = iot_world()
    key = with_job(world, "SUCCEEDED")
    assert refused(world.client.delete_job_execution, **key, executionNumber=2) == MISSING
    assert refused(world.client.describe_job_execution, **key, executionNumber=2) == MISSING
    assert described(world, key)["executionNumber"] == 1


def test_after_a_delete_another_execution_may_stand_under_the_same_number(iot_world: Any) -> None:
    plan = FaultPlan([FaultRule(fault=FaultKind.REBORN, operation="DeleteJobExecution", times=1)])
    world = iot_world(faults=plan)
    key = with_job(world, "SUCCEEDED")
    before = described(world, key)
    world.client.delete_job_execution(**key, executionNumber=1)
    after = described(world, key)
    assert after["executionNumber"] == before["executionNumber"]
    assert (after["status"], after["versionNumber"]) == ("QUEUED", 1)
    assert after["queuedAt"] > before["queuedAt"]
    assert refused(world.client.delete_job_execution, **key, executionNumber=1) == CONFLICT


def test_a_running_execution_tells_its_progress_and_its_time_left(iot_world: Any) -> None:
    world = iot_world(tasks=0, devices_per_task=1)
    world.client.create_job(
        jobId="j", targets=[THING + DEVICE], document="{}", timeoutConfig={"inProgressTimeoutInMinutes": 60}
    )
    key = {"jobId": "j", "thingName": DEVICE}
    seen = [described(world, key)]
    for _ in range(28):
        world.clock.skip(15)
        seen.append(described(world, key))
    statuses = [execution["status"] for execution in seen]
    assert statuses[0] == "QUEUED"
    assert "IN_PROGRESS" in statuses
    assert statuses[-1] in FINAL
    running = next(execution for execution in seen if execution["status"] == "IN_PROGRESS")
    assert {"step", "percent"} == set(running["statusDetails"]["detailsMap"])
    assert 0 < running["approximateSecondsBeforeTimedOut"] <= 3600
    assert "approximateSecondsBeforeTimedOut" not in seen[-1]
    versions = [execution["versionNumber"] for execution in seen]
    assert versions == sorted(versions)


def test_executions_of_a_thing_come_in_pages_over_its_jobs(iot_world: Any) -> None:
    world = iot_world(tasks=0)
    for number in range(5):
        world.client.create_job(jobId=f"j{number}", targets=[THING + DEVICE], document="{}")
    world.simulator.set_execution_status("j3", DEVICE, "FAILED")
    paginator = world.client.get_paginator("list_job_executions_for_thing")
    found = list(paginator.paginate(thingName=DEVICE, PaginationConfig={"PageSize": 2}))
    assert [len(page["executionSummaries"]) for page in found] == [2, 2, 1]
    assert {row["jobId"] for page in found for row in page["executionSummaries"]} == {f"j{n}" for n in range(5)}
    failed = world.client.list_job_executions_for_thing(thingName=DEVICE, status="FAILED")["executionSummaries"]
    assert [row["jobId"] for row in failed] == ["j3"]


def test_a_thing_nobody_knows_has_no_executions(iot_world: Any) -> None:
    assert iot_world().client.list_job_executions_for_thing(thingName="nobody")["executionSummaries"] == []


def test_executions_of_a_job_come_in_pages_and_by_status(iot_world: Any) -> None:
    world = iot_world(tasks=1, devices_per_task=600)
    job_id = world.client.list_jobs()["jobs"][0]["jobId"]
    paginator = world.client.get_paginator("list_job_executions_for_job")
    found = list(paginator.paginate(jobId=job_id, PaginationConfig={"PageSize": 250}))
    rows = [row for page in found for row in page["executionSummaries"]]
    assert len({row["thingArn"] for row in rows}) == len(rows) == 600
    counts = world.client.describe_job(jobId=job_id)["job"]["jobProcessDetails"]
    failed = [
        row for page in paginator.paginate(jobId=job_id, status="FAILED") for row in page["executionSummaries"]
    ]  # fmt: skip
    assert len(failed) == counts["numberOfFailedThings"] == 100
    assert {row["jobExecutionSummary"]["status"] for row in failed} == {"FAILED"}


def test_a_rare_status_among_very_many_gives_short_pages_and_an_end(iot_world: Any) -> None:
    world = iot_world(tasks=1, devices_per_task=50_000)
    job_id = world.client.list_jobs()["jobs"][0]["jobId"]
    paginator = world.client.get_paginator("list_job_executions_for_job")
    found = list(paginator.paginate(jobId=job_id, status="REMOVED"))
    assert [len(page["executionSummaries"]) for page in found] == [0, 0, 0]


def test_a_page_of_a_very_large_job_is_quick(iot_world: Any) -> None:
    world = iot_world(tasks=1, devices_per_task=200_000)
    job_id = world.client.list_jobs()["jobs"][0]["jobId"]
    began = time.perf_counter()
    page = world.client.list_job_executions_for_job(jobId=job_id, maxResults=250)
    assert len(page["executionSummaries"]) == 250
    assert time.perf_counter() - began < 1.0


def test_executions_of_a_job_nobody_knows_are_not_found(iot_world: Any) -> None:
    world = iot_world()
    assert refused(world.client.list_job_executions_for_job, jobId="nope") == MISSING
    assert refused(world.client.cancel_job_execution, jobId="nope", thingName=DEVICE) == MISSING


@pytest.mark.parametrize("given", [{"maxResults": 251}, {"status": "DONE"}, {"jobId": "a b"}, {"thingName": "x" * 129}])
def test_executions_asked_for_wrongly_are_refused(iot_world: Any, given: dict[str, Any]) -> None:
    call = iot_world().client.list_job_executions_for_thing
    assert refused(call, **{"thingName": DEVICE, **given}) == (400, "InvalidRequestException")


def test_at_most_ten_status_details_are_taken(iot_world: Any) -> None:
    world = iot_world()
    key = with_job(world)
    details = {f"k{number}": "v" for number in range(11)}
    refusal = refused(world.client.cancel_job_execution, **key, statusDetails=details)
    assert refusal == (400, "InvalidRequestException")
