"""AWS gives the number of a deleted execution to a new one. A stale delete must never reach that new one."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.support.aws_fleet import Fleet
from tests.support.gateway_server import RunningGateway
from tests.support.reborn_execution import DELETED, deleted, standing
from tests.support.watched_server import Watched


@pytest.mark.parametrize("in_the_same_second", [False, True])
def test_a_repeated_delete_by_id_is_answered_without_asking_the_vendor(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
    next_second: Callable[[datetime], None],
    in_the_same_second: bool,
) -> None:
    one = deleted(gateway, fleet)
    if not in_the_same_second:
        next_second(one.queued_at)
    one.leave()
    sent.calls.clear()

    for more in ({}, {"expectedFingerprint": one.fingerprint}, {"force": True}):
        again = gateway.change("deleteJobExecution", DELETED, id=one.id, **more)
        assert (again["outcome"], again["deletedId"], again["errors"]) == ("ALREADY_DELETED", one.id, [])

    assert sent.calls == []
    reborn = fleet.execution(one.thing, one.job)
    assert reborn is not None
    assert reborn["status"] == "REMOVED"


@pytest.mark.parametrize("more", [{}, {"force": True}], ids=["plainly", "with-force"])
def test_a_repeated_delete_by_native_names_tells_what_stands_there_now_and_leaves_it(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
    next_second: Callable[[datetime], None],
    more: dict[str, bool],
) -> None:
    one = deleted(gateway, fleet)
    assert gateway.change("deleteJobExecution", DELETED, execution=one.native)["outcome"] == "ALREADY_DELETED"
    next_second(one.queued_at)
    one.leave()
    reborn = standing(gateway, one.thing)
    assert reborn["id"] != one.id
    sent.calls.clear()

    again = gateway.change("deleteJobExecution", DELETED, execution=one.native, **more)

    assert again["outcome"] == "REFUSED"
    (problem,) = again["errors"]
    assert problem["__typename"] == "OtaGenerationChanged"
    assert (problem["expected"], problem["found"]) == (one.id, reborn["id"])
    assert len(sent.sent("GET")) == len(sent.calls) > 0
    assert fleet.execution(one.thing, one.job) is not None

    meant = gateway.change("deleteJobExecution", DELETED, id=problem["found"])
    assert (meant["outcome"], meant["errors"]) == ("DONE", [])
    assert fleet.execution(one.thing, one.job) is None


def test_a_record_reborn_within_the_same_second_is_left_alone_by_every_name(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
) -> None:
    for _ in range(5):
        one = deleted(gateway, fleet)
        one.leave()
        reborn = fleet.execution(one.thing, one.job)
        assert reborn is not None
        if reborn["queuedAt"] == one.queued_at:
            break
    else:
        raise AssertionError("No two records of one second in five tries: is the machine this slow?")
    sent.calls.clear()

    by_id = gateway.change("deleteJobExecution", DELETED, id=standing(gateway, one.thing)["id"], force=True)
    by_names = gateway.change("deleteJobExecution", DELETED, execution=one.native, force=True)

    assert by_id["outcome"] == "ALREADY_DELETED"
    assert (by_names["outcome"], by_names["errors"][0]["code"]) == ("REFUSED", "GENERATION_CHANGED")
    assert len(sent.sent("GET")) == len(sent.calls) > 0
    assert fleet.execution(one.thing, one.job) is not None


def test_a_job_that_others_deleted_and_made_again_is_safe_from_stale_ids(
    gateway: RunningGateway, fleet: Fleet, sent: Watched, next_second: Callable[[datetime], None]
) -> None:
    thing, arn = fleet.thing()
    job = fleet.job(arn)
    before = standing(gateway, thing)
    task = gateway.ask("query ($text: String) { tasks(filter: {text: $text}) { nodes { id } } }", text=job)["tasks"][
        "nodes"
    ][0]["id"]
    there = fleet.execution(thing, job)
    assert there is not None
    fleet.iot.delete_job(jobId=job, force=True)
    next_second(there["queuedAt"])
    fleet.job(arn, jobId=job)
    newer = standing(gateway, thing)
    assert newer["id"] != before["id"]
    sent.calls.clear()

    stale = gateway.change("deleteJobExecution", DELETED, id=before["id"], force=True)
    cancel = gateway.change(
        "cancelDeviceUpgrade",
        "results { outcome error { __typename ... on OtaGenerationChanged { expected found } } }",
        executionIds=[before["id"]],
        force=True,
    )
    whole = gateway.change("deleteOtaTask", DELETED, id=task, force=True)

    assert stale["outcome"] == "REFUSED"
    (problem,) = stale["errors"]
    assert problem["__typename"] == "OtaGenerationChanged"
    assert (problem["expected"], problem["found"]) == (before["id"], newer["id"])
    (result,) = cancel["results"]
    assert (result["outcome"], result["error"]["found"]) == ("REFUSED", newer["id"])
    assert (whole["outcome"], whole["errors"][0]["code"]) == ("REFUSED", "GENERATION_CHANGED")
    assert len(sent.sent("GET")) == len(sent.calls) > 0
    after = fleet.execution(thing, job)
    assert after is not None
    assert after["status"] == "QUEUED"


def test_a_fingerprint_of_the_former_record_refuses_the_native_names_too(
    gateway: RunningGateway, fleet: Fleet, next_second: Callable[[datetime], None]
) -> None:
    thing, arn = fleet.thing()
    job = fleet.job(arn)
    before = standing(gateway, thing)
    there = fleet.execution(thing, job)
    assert there is not None
    fleet.iot.delete_job(jobId=job, force=True)
    next_second(there["queuedAt"])
    fleet.job(arn, jobId=job)
    native = {"backend": "fleet", "thingName": thing, "jobId": job, "executionNumber": 1}

    stale = gateway.change(
        "deleteJobExecution", DELETED, execution=native, expectedFingerprint=before["fingerprint"], force=True
    )

    assert (stale["outcome"], stale["errors"][0]["code"]) == ("REFUSED", "GENERATION_CHANGED")
    assert fleet.execution(thing, job) is not None


def test_a_record_that_others_made_again_within_the_same_second_is_reached_by_force_alone(
    gateway: RunningGateway, fleet: Fleet
) -> None:
    # Nothing that this emulator prints tells the two apart. AWS prints milliseconds; the id carries what was printed.
    thing, arn = fleet.thing()
    job = fleet.job(arn)
    before = standing(gateway, thing)
    fleet.iot.delete_job(jobId=job, force=True)
    fleet.job(arn, jobId=job)

    stale = gateway.change("deleteJobExecution", DELETED, id=before["id"])

    assert stale["outcome"] == "REFUSED"
    assert stale["errors"][0]["code"] in {"INVALID_STATE", "GENERATION_CHANGED"}
    assert fleet.execution(thing, job) is not None
