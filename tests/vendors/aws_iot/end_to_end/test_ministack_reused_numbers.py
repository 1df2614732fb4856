"""AWS gives the number of a deleted execution to a new one. A stale delete must never reach that new one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import pytest

from tests.support.gateway_server import RunningGateway
from tests.support.watched_server import Watched
from tests.vendors.aws_iot.end_to_end.conftest import Fleet

DELETED = (
    "outcome deletedId auditEntryId errors { __typename code message target "
    "... on OtaGenerationChanged { expected found } ... on OtaInvalidState { needsForce } }"
)
STANDING = (
    'query ($name: String!) { device(backend: "fleet", name: $name) '
    "{ executions { nodes { id status attempt fingerprint queuedAt } } } }"
)


@dataclass(frozen=True)
class Deleted:
    """An execution that the gateway deleted: its id, its fingerprint, and AWS's own names for it."""

    thing: str
    job: str
    id: str
    fingerprint: str
    queued_at: datetime

    @property
    def native(self) -> dict[str, object]:
        return {"backend": "fleet", "thingName": self.thing, "jobId": self.job, "executionNumber": 1}


def standing(gateway: RunningGateway, thing: str) -> dict[str, object]:
    """The one execution that the gateway shows of a thing."""
    (row,) = gateway.ask(STANDING, name=thing)["device"]["executions"]["nodes"]
    assert row["attempt"] == 1
    found: dict[str, object] = row
    return found


@pytest.fixture
def delete_succeeded(gateway: RunningGateway, fleet: Fleet) -> Callable[[], tuple[Deleted, Callable[[], None]]]:
    """Case A: a thing of a group succeeds in a continuous job, and its #1 is deleted through the gateway.

    Gives that execution, and what makes a new #1 (REMOVED) appear in its place: the thing leaves the group.
    """

    def make() -> tuple[Deleted, Callable[[], None]]:
        thing, _ = fleet.thing()
        group = f"group-{uuid4().hex[:8]}"
        arn = fleet.iot.create_thing_group(thingGroupName=group)["thingGroupArn"]
        fleet.iot.add_thing_to_thing_group(thingName=thing, thingGroupName=group)
        job = fleet.job(arn, targetSelection="CONTINUOUS")
        fleet.started(thing)
        fleet.reports(thing, job, "SUCCEEDED")
        first = standing(gateway, thing)
        there = fleet.execution(thing, job)
        assert there is not None
        gone = gateway.change("deleteJobExecution", DELETED, id=first["id"])
        assert (gone["outcome"], gone["deletedId"]) == ("DONE", first["id"])
        assert fleet.execution(thing, job) is None

        def leave() -> None:
            fleet.iot.remove_thing_from_thing_group(thingName=thing, thingGroupName=group)
            reborn = fleet.execution(thing, job)
            assert reborn is not None
            assert (reborn["executionNumber"], reborn["status"]) == (1, "REMOVED")

        deleted = Deleted(thing, job, str(first["id"]), str(first["fingerprint"]), there["queuedAt"])
        return deleted, leave

    return make


@pytest.mark.parametrize("in_the_same_second", [False, True])
def test_a_repeated_delete_by_id_is_answered_without_asking_the_vendor(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
    delete_succeeded: Callable[[], tuple[Deleted, Callable[[], None]]],
    next_second: Callable[[datetime], None],
    in_the_same_second: bool,
) -> None:
    deleted, leave = delete_succeeded()
    if not in_the_same_second:
        next_second(deleted.queued_at)
    leave()
    sent.calls.clear()

    for more in ({}, {"expectedFingerprint": deleted.fingerprint}, {"force": True}):
        again = gateway.change("deleteJobExecution", DELETED, id=deleted.id, **more)
        assert (again["outcome"], again["deletedId"], again["errors"]) == ("ALREADY_DELETED", deleted.id, [])

    assert sent.calls == []
    reborn = fleet.execution(deleted.thing, deleted.job)
    assert reborn is not None
    assert reborn["status"] == "REMOVED"


@pytest.mark.parametrize("more", [{}, {"force": True}], ids=["plainly", "with-force"])
def test_a_repeated_delete_by_native_names_tells_what_stands_there_now_and_leaves_it(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
    delete_succeeded: Callable[[], tuple[Deleted, Callable[[], None]]],
    next_second: Callable[[datetime], None],
    more: dict[str, bool],
) -> None:
    deleted, leave = delete_succeeded()
    assert gateway.change("deleteJobExecution", DELETED, execution=deleted.native)["outcome"] == "ALREADY_DELETED"
    next_second(deleted.queued_at)
    leave()
    reborn = standing(gateway, deleted.thing)
    assert reborn["id"] != deleted.id
    sent.calls.clear()

    again = gateway.change("deleteJobExecution", DELETED, execution=deleted.native, **more)

    assert again["outcome"] == "REFUSED"
    (problem,) = again["errors"]
    assert problem["__typename"] == "OtaGenerationChanged"
    assert (problem["expected"], problem["found"]) == (deleted.id, reborn["id"])
    assert {call.split(" ")[0] for call in sent.calls} == {"GET"}
    assert fleet.execution(deleted.thing, deleted.job) is not None

    meant = gateway.change("deleteJobExecution", DELETED, id=problem["found"])
    assert (meant["outcome"], meant["errors"]) == ("DONE", [])
    assert fleet.execution(deleted.thing, deleted.job) is None


def test_a_record_reborn_within_the_same_second_is_left_alone_by_every_name(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
    delete_succeeded: Callable[[], tuple[Deleted, Callable[[], None]]],
) -> None:
    for _ in range(5):
        deleted, leave = delete_succeeded()
        leave()
        reborn = fleet.execution(deleted.thing, deleted.job)
        assert reborn is not None
        if reborn["queuedAt"] == deleted.queued_at:
            break
    else:
        raise AssertionError("No two records of one second in five tries: is the machine this slow?")
    sent.calls.clear()

    by_id = gateway.change("deleteJobExecution", DELETED, id=standing(gateway, deleted.thing)["id"], force=True)
    by_names = gateway.change("deleteJobExecution", DELETED, execution=deleted.native, force=True)

    assert by_id["outcome"] == "ALREADY_DELETED"
    assert (by_names["outcome"], by_names["errors"][0]["code"]) == ("REFUSED", "GENERATION_CHANGED")
    assert {call.split(" ")[0] for call in sent.calls} == {"GET"}
    assert fleet.execution(deleted.thing, deleted.job) is not None


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
    assert {call.split(" ")[0] for call in sent.calls} == {"GET"}
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
