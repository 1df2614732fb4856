"""Jobs as boto3 sees them: lists and filters, the rules of cancelling and deleting, and the life of a deletion."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

GROUP = "arn:aws:iot:eu-west-1:123456789012:thinggroup/"
THING = "arn:aws:iot:eu-west-1:123456789012:thing/"


def refused(call: Any, **given: Any) -> tuple[int, str]:
    """The status and code of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def pages(iot: Any, operation: str, items: str, size: int, **given: Any) -> list[list[Any]]:
    paginator = iot.get_paginator(operation)
    return [page.get(items, []) for page in paginator.paginate(**given, PaginationConfig={"PageSize": size})]


def one_of(world: Any, kind: str) -> str:
    """The id of a seeded job: running, queued, finished, moving, canceled, scheduled, in this order of age."""
    place = ["running", "queued", "finished", "moving", "canceled", "scheduled"].index(kind)
    rows = world.client.list_jobs(maxResults=250)["jobs"]
    return str(sorted(rows, key=lambda row: row["createdAt"], reverse=True)[place]["jobId"])


def test_jobs_come_in_pages_each_once_and_ordered_by_status_not_by_age(iot_world: Any) -> None:
    world = iot_world(tasks=30)
    found = pages(world.client, "list_jobs", "jobs", 7)
    rows = [row for page in found for row in page]
    assert [len(page) for page in found] == [7, 7, 7, 7, 2]
    assert len({row["jobId"] for row in rows}) == 30
    assert [row["status"] for row in rows] == sorted(row["status"] for row in rows)
    ages = [row["createdAt"] for row in rows if row["status"] == "IN_PROGRESS"]
    assert ages not in (sorted(ages), sorted(ages, reverse=True))


@pytest.mark.parametrize("status", ["IN_PROGRESS", "COMPLETED", "CANCELED", "SCHEDULED", "DELETION_IN_PROGRESS"])
def test_a_status_filter_gives_that_status_only(iot_world: Any, status: str) -> None:
    world = iot_world(tasks=12)
    rows = [row for page in pages(world.client, "list_jobs", "jobs", 2, status=status) for row in page]
    assert {row["status"] for row in rows} <= {status}
    assert bool(rows) is (status != "DELETION_IN_PROGRESS")


def test_jobs_are_filtered_by_group_and_selection(iot_world: Any) -> None:
    world = iot_world(tasks=4)
    world.simulator.add_group("line-a", ["arm-1", "arm:2"])
    world.client.create_job(jobId="c1", targets=[GROUP + "line-a"], document="{}", targetSelection="CONTINUOUS")
    by_group = world.client.list_jobs(thingGroupName="line-a")["jobs"]
    by_selection = world.client.list_jobs(targetSelection="CONTINUOUS")["jobs"]
    assert [row["jobId"] for row in by_group] == [row["jobId"] for row in by_selection] == ["c1"]
    by_id = world.client.list_jobs(thingGroupId=by_group[0]["thingGroupId"])["jobs"]
    assert [row["jobId"] for row in by_id] == ["c1"]
    rows = world.client.list_job_executions_for_job(jobId="c1")["executionSummaries"]
    assert [row["thingArn"] for row in rows] == [THING + "arm-1", THING + "arm:2"]


@pytest.mark.parametrize("seconds", [0, 3600, 86400])
def test_there_is_always_something_waiting_running_finished_and_deletable(iot_world: Any, seconds: int) -> None:
    world = iot_world(tasks=4, seed=seconds, speed=60.0)
    world.clock.skip(seconds)
    now = world.clock().timestamp()
    jobs = world.simulator.jobs.all(now)
    statuses = [job.status(now) for job in jobs]
    counts = [job.rollout.counts(now) for job in jobs]
    assert "COMPLETED" in statuses
    assert any(status == "IN_PROGRESS" and count["IN_PROGRESS"] for status, count in zip(statuses, counts, strict=True))
    assert any(status == "IN_PROGRESS" and count["QUEUED"] == 6 for status, count in zip(statuses, counts, strict=True))
    package = world.simulator.packages["door-lock"]
    assert package.versions["1.0.1"].status == "PUBLISHED"
    assert package.default != "1.0.1"


def test_a_snapshot_job_is_completed_when_its_devices_have_ended(iot_world: Any) -> None:
    world = iot_world(tasks=0, speed=100_000.0)
    names = [f"dev-{number:06d}" for number in (0, 1, 3)]
    world.client.create_job(jobId="quick", targets=[THING + name for name in names], document="{}")
    world.clock.skip(1)
    job = world.client.describe_job(jobId="quick")["job"]
    assert job["status"] == "COMPLETED"
    assert job["completedAt"] >= job["createdAt"]
    assert sum(value for value in job["jobProcessDetails"].values() if isinstance(value, int)) == 3


def test_a_job_with_a_start_ahead_is_scheduled_until_then(iot_world: Any) -> None:
    world = iot_world(tasks=0)
    start = (datetime.now(UTC) + timedelta(minutes=40)).strftime("%Y-%m-%dT%H:%M")
    soon = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    given = {"targets": [THING + "dev-000000"], "document": "{}"}
    assert refused(
        world.client.create_job, jobId="late", schedulingConfig={"startTime": soon}, **given
    ) == (400, "InvalidRequestException")  # fmt: skip
    world.client.create_job(jobId="late", schedulingConfig={"startTime": start}, **given)
    assert world.client.describe_job(jobId="late")["job"]["status"] == "SCHEDULED"
    assert world.client.list_job_executions_for_job(jobId="late")["executionSummaries"] == []
    now = datetime.now(UTC) + timedelta(minutes=41)
    assert world.simulator.job("late").status(now.timestamp()) == "IN_PROGRESS"


def test_an_existing_id_is_refused_with_the_job_it_names(iot_world: Any) -> None:
    world = iot_world(tasks=4)
    taken = one_of(world, "running")
    given = {"targets": [THING + "dev-000000"], "document": "{}"}
    assert refused(world.client.create_job, jobId=taken, **given) == (409, "ResourceAlreadyExistsException")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"targets": [THING + "nobody"], "document": "{}"}, (404, "ResourceNotFoundException")),
        ({"targets": [GROUP + "nobody"], "document": "{}"}, (404, "ResourceNotFoundException")),
        ({"targets": ["dev-000000"], "document": "{}"}, (400, "InvalidRequestException")),
        ({"targets": [THING + "dev-000000"]}, (400, "InvalidRequestException")),
        ({"document": "{}", "documentSource": "s3", "targets": [THING + "dev-000000"]},
         (400, "InvalidRequestException")),
        ({"document": "x" * 32769, "targets": [THING + "dev-000000"]}, (400, "InvalidRequestException")),
        ({"document": "{}", "targets": [THING + "dev-000000"], "description": "a\x00b"},
         (400, "InvalidRequestException")),
        ({"document": "{}", "targets": [THING + "dev-000000"], "targetSelection": "SOME"},
         (400, "InvalidRequestException")),
        ({"document": "{}", "targets": [THING + "dev-000000"],
          "destinationPackageVersions": ["arn:aws:iot:eu-west-1:123456789012:package/door-lock/version/2.0.0"]},
         (400, "InvalidRequestException")),
        ({"document": "{}", "targets": [THING + "dev-000000"],
          "destinationPackageVersions": ["arn:aws:iot:eu-west-1:123456789012:package/door-lock/version/9.9.9"]},
         (404, "ResourceNotFoundException")),
    ],
)  # fmt: skip
def test_a_job_that_cannot_be_made_is_refused(iot_world: Any, given: Any, expected: tuple[int, str]) -> None:
    assert refused(iot_world(tasks=4).client.create_job, jobId="new", **given) == expected


@pytest.mark.parametrize(
    "given", [{"maxResults": 251}, {"status": "RUNNING"}, {"nextToken": "AAAA"}, {"thingGroupName": "a b"}]
)
def test_a_list_asked_for_wrongly_is_refused(iot_world: Any, given: Any) -> None:
    assert refused(iot_world().client.list_jobs, **given) == (400, "InvalidRequestException")


def test_cancelling_spares_running_executions_unless_forced_and_takes_a_while(iot_world: Any) -> None:
    world = iot_world(deletion_seconds=60.0)
    running = one_of(world, "running")
    world.client.cancel_job(jobId=running)
    job = world.client.describe_job(jobId=running)["job"]
    assert (job["status"], job["isConcurrent"]) == ("CANCELED", True)
    assert job["jobProcessDetails"]["numberOfQueuedThings"] == 1
    world.clock.skip(61)
    job = world.client.describe_job(jobId=running)["job"]
    assert job["isConcurrent"] is False
    assert job["jobProcessDetails"]["numberOfQueuedThings"] == 0
    assert job["jobProcessDetails"]["numberOfInProgressThings"] == 2
    world.client.cancel_job(jobId=running, force=True)
    world.clock.skip(61)
    job = world.client.describe_job(jobId=running)["job"]
    assert job["jobProcessDetails"]["numberOfInProgressThings"] == 0
    assert job["forceCanceled"] is True


def test_a_finished_job_cannot_be_cancelled(iot_world: Any) -> None:
    world = iot_world()
    refusal = refused(world.client.cancel_job, jobId=one_of(world, "finished"))
    assert refusal == (400, "InvalidRequestException")


@pytest.mark.parametrize("kind", ["running", "queued", "scheduled"])
def test_a_job_that_is_not_finished_is_deleted_with_force_only(iot_world: Any, kind: str) -> None:
    world = iot_world()
    job_id = one_of(world, kind)
    assert refused(world.client.delete_job, jobId=job_id) == (409, "InvalidStateTransitionException")
    world.client.delete_job(jobId=job_id, force=True)
    assert world.client.describe_job(jobId=job_id)["job"]["status"] == "DELETION_IN_PROGRESS"


@pytest.mark.parametrize("kind", ["finished", "canceled"])
def test_a_deleted_job_is_seen_being_deleted_and_then_gone_and_its_id_is_free(iot_world: Any, kind: str) -> None:
    world = iot_world(deletion_seconds=60.0)
    job_id = one_of(world, kind)
    world.client.delete_job(jobId=job_id)
    rows = world.client.list_jobs(status="DELETION_IN_PROGRESS")["jobs"]
    assert [row["jobId"] for row in rows] == [job_id]
    assert refused(world.client.delete_job, jobId=job_id) == (409, "InvalidStateTransitionException")
    assert refused(world.client.update_job, jobId=job_id, description="x") == (400, "InvalidRequestException")
    world.clock.skip(61)
    assert refused(world.client.describe_job, jobId=job_id) == (404, "ResourceNotFoundException")
    assert refused(world.client.delete_job, jobId=job_id) == (404, "ResourceNotFoundException")
    assert job_id not in {row["jobId"] for row in world.client.list_jobs()["jobs"]}
    world.client.create_job(jobId=job_id, targets=[THING + "dev-000000"], document="{}")
    assert world.client.describe_job(jobId=job_id)["job"]["status"] == "IN_PROGRESS"


def test_ten_jobs_may_be_deleted_at_once(iot_world: Any) -> None:
    world = iot_world(tasks=70, deletion_seconds=60.0)
    finished = [row["jobId"] for row in world.client.list_jobs(status="COMPLETED")["jobs"]]
    for job_id in finished[:10]:
        world.client.delete_job(jobId=job_id)
    assert refused(world.client.delete_job, jobId=finished[10]) == (410, "LimitExceededException")
    world.clock.skip(61)
    world.client.delete_job(jobId=finished[10])


def test_an_update_of_a_finished_job_is_taken_unless_the_variant_refuses_it(iot_world: Any) -> None:
    lenient, strict = iot_world(), iot_world(variants=frozenset({"terminal_update_refused"}))
    lenient.client.update_job(jobId=one_of(lenient, "finished"), description="later")
    refusal = refused(strict.client.update_job, jobId=one_of(strict, "finished"), description="later")
    assert refusal == (400, "InvalidRequestException")


def test_the_same_seed_makes_the_same_fleet(iot_world: Any) -> None:
    ids = [{row["jobId"] for row in iot_world(seed=seed).client.list_jobs()["jobs"]} for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]
