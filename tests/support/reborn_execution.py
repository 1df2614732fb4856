"""An execution whose number AWS gives away again: it succeeds, it is deleted, its thing leaves the group."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.support.aws_fleet import Fleet
from tests.support.gateway_server import RunningGateway

DELETED = (
    "outcome deletedId auditEntryId errors { __typename code message target "
    "... on OtaGenerationChanged { expected found } ... on OtaInvalidState { needsForce } }"
)


def standing(gateway: RunningGateway, thing: str) -> dict[str, Any]:
    """The one execution that the gateway shows of a thing."""
    query = (
        'query ($name: String!) { device(backend: "fleet", name: $name) '
        "{ executions { nodes { id status attempt fingerprint queuedAt } } } }"
    )
    (row,) = gateway.ask(query, name=thing)["device"]["executions"]["nodes"]
    assert row["attempt"] == 1
    found: dict[str, Any] = row
    return found


@dataclass(frozen=True)
class Succeeded:
    """#1 of a thing in a continuous job on its group. Once it is deleted, `leave` puts another #1 in its place."""

    thing: str
    job: str
    id: str
    fingerprint: str
    queued_at: datetime
    leave: Callable[[], None]

    @property
    def native(self) -> dict[str, object]:
        """AWS's own names for it."""
        return {"backend": "fleet", "thingName": self.thing, "jobId": self.job, "executionNumber": 1}


def succeeded(gateway: RunningGateway, fleet: Fleet) -> Succeeded:
    """Let a new thing succeed."""
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

    def leave() -> None:
        fleet.iot.remove_thing_from_thing_group(thingName=thing, thingGroupName=group)
        reborn = fleet.execution(thing, job)
        assert reborn is not None
        assert (reborn["executionNumber"], reborn["status"]) == (1, "REMOVED")

    return Succeeded(thing, job, first["id"], first["fingerprint"], there["queuedAt"], leave)


def deleted(gateway: RunningGateway, fleet: Fleet) -> Succeeded:
    """The same, and deleted through the gateway."""
    one = succeeded(gateway, fleet)
    gone = gateway.change("deleteJobExecution", DELETED, id=one.id)
    assert (gone["outcome"], gone["deletedId"]) == ("DONE", one.id)
    assert fleet.execution(one.thing, one.job) is None
    return one
