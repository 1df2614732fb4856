"""deleteJobExecution on AWS IoT: exactly the execution that was named, once, whatever the network does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.answers import DROP_EXTENSION
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendorkit.simulation.simulator import Simulator
from tests.support.seed_changes import (
    is_audited,
    previews_without_changing,
    refuses_a_stale_fingerprint,
    replays_and_conflicts,
)
from tests.support.simulated_gateway import STILL, SimulatedBackend, SimulatedGateway, simulated_gateway

DELETE = "DeleteJobExecution"
NAME = "deleteJobExecution"
ROWS = """{ tasks(first: 20) { nodes { id executions(first: 20) {
  nodes { id status fingerprint attempt device { name } task { nativeId } } } } } }"""
ONE = "query One($id: ID!) { execution(id: $id) { id status } }"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as running:
        yield running


@pytest.fixture
def backend(gateway: SimulatedGateway) -> SimulatedBackend:
    return gateway.backends["aws-iot"]


async def at(gateway: SimulatedGateway, status: str) -> list[dict[str, Any]]:
    """The seeded executions at a status."""
    tasks = (await gateway.ask(ROWS))["tasks"]["nodes"]
    found = [one for task in tasks for one in task["executions"]["nodes"] if one["status"] == status]
    assert found, status
    return found


async def test_an_ended_execution_is_deleted_once_and_a_second_read_shows_it_gone(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one, untouched = (await at(gateway, "SUCCEEDED"))[:2]
    members = {"id": one["id"], "expectedFingerprint": one["fingerprint"]}
    preview = await previews_without_changing(gateway, backend, NAME, (DELETE,), **members)
    assert preview["affected"] == [one["id"]]
    await refuses_a_stale_fingerprint(gateway, backend, NAME, (DELETE,), id=one["id"])
    assert (await gateway.ask(ONE, id=one["id"]))["execution"]["status"] == "SUCCEEDED"

    payload = await gateway.change(NAME, idempotencyKey="k1", reason="cleaning up", **members)
    assert (payload["outcome"], payload["deletedId"], payload["errors"]) == ("DONE", one["id"], [])
    assert (await gateway.ask(ONE, id=one["id"]))["execution"] is None
    assert (await gateway.ask(ONE, id=untouched["id"]))["execution"]["id"] == untouched["id"]
    entry = await is_audited(gateway, payload, "DELETE_EXECUTION", "DONE")
    assert entry["before"]["vendorStatus"] == "SUCCEEDED"
    assert not entry["after"]
    assert entry["targets"] == [one["id"]]
    assert entry["reason"] == "cleaning up"
    assert len(entry["vendorRequestIds"]) == 1

    await replays_and_conflicts(gateway, NAME, payload, "k1", {"id": untouched["id"]}, **members, reason="cleaning up")
    before = gateway.calls
    again = await gateway.change(NAME, id=one["id"])
    assert (again["outcome"], again["deletedId"]) == ("ALREADY_DELETED", one["id"])
    assert gateway.calls == before
    assert backend.called(DELETE) == 1


async def test_a_running_execution_needs_force_which_is_passed_on(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one = (await at(gateway, "IN_PROGRESS"))[0]
    refused = await gateway.change(NAME, id=one["id"])
    (error,) = refused["errors"]
    assert (refused["outcome"], error["__typename"], error["needsForce"]) == ("REFUSED", "OtaInvalidState", True)
    assert backend.called(DELETE) == 0
    forced = await gateway.change(NAME, id=one["id"], force=True)
    assert forced["outcome"] == "DONE"
    assert (await gateway.ask(ONE, id=one["id"]))["execution"] is None


async def test_a_native_reference_names_the_same_execution(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one = (await at(gateway, "SUCCEEDED"))[0]
    native = {
        "backend": backend.name,
        "thingName": one["device"]["name"],
        "jobId": one["task"]["nativeId"],
        "executionNumber": one["attempt"],
    }
    payload = await gateway.change(NAME, execution=native)
    assert (payload["outcome"], payload["deletedId"]) == ("DONE", one["id"])
    again = await gateway.change(NAME, execution=native)
    assert again["outcome"] in {"ALREADY_DELETED", "REFUSED"}
    assert backend.called(DELETE) == 1


async def test_after_a_lost_answer_reading_back_decides_and_nothing_is_sent_twice(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one = (await at(gateway, "SUCCEEDED"))[0]
    backend.fail(FaultKind.ANSWER_LOST, DELETE, times=1)
    payload = await gateway.change(NAME, id=one["id"])
    assert (payload["outcome"], payload["deletedId"], payload["errors"]) == ("DONE", one["id"], [])
    assert backend.called(DELETE) == 1


async def test_a_delete_that_never_arrived_is_sent_once_more_after_a_look(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one = (await at(gateway, "SUCCEEDED"))[0]
    backend.fail(FaultKind.DROP, DELETE, times=1)
    payload = await gateway.change(NAME, id=one["id"])
    assert (payload["outcome"], payload["deletedId"]) == ("DONE", one["id"])
    assert backend.called(DELETE) == 2


async def test_a_delete_that_never_arrives_ends_unknown_after_two_tries(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one = (await at(gateway, "SUCCEEDED"))[0]
    backend.fail(FaultKind.DROP, DELETE)
    payload = await gateway.change(NAME, id=one["id"])
    assert payload["outcome"] == "UNKNOWN"
    assert [error["code"] for error in payload["errors"]] == ["OUTCOME_UNKNOWN"]
    assert backend.called(DELETE) == 2
    assert (await gateway.ask(ONE, id=one["id"]))["execution"]["id"] == one["id"]


async def test_another_execution_reborn_under_the_number_is_left_alone(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one = (await at(gateway, "SUCCEEDED"))[0]
    backend.fail(FaultKind.REBORN, DELETE)
    payload = await gateway.change(NAME, id=one["id"])
    assert (payload["outcome"], payload["deletedId"]) == ("DONE", one["id"])
    again = await gateway.change(NAME, id=one["id"])
    assert again["outcome"] == "ALREADY_DELETED"
    assert backend.called(DELETE) == 1


class LosesAnswers:
    """A simulator behind a network that loses the answers to deletes after they were carried out."""

    def __init__(self, inner: Simulator) -> None:
        self.calls = inner.calls
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "DELETE":
            await self._inner(scope, receive, send)
            return

        async def swallow(message: Message) -> None:
            assert message["type"].startswith("http.response")

        await self._inner(scope, receive, swallow)
        scope[DROP_EXTENSION]()


async def test_a_lost_answer_with_another_execution_reborn_stops_and_says_so(tmp_path: Path) -> None:
    plan = FaultPlan([FaultRule(fault=FaultKind.REBORN, operation=DELETE)])
    simulator = installed_vendors()["aws-iot"].simulator(SimulatorOptions(**{**STILL, "faults": plan}))
    async with serving(LosesAnswers(simulator)) as url:
        elsewhere = {"aws-iot": {"endpoint": url}}
        async with simulated_gateway(tmp_path, only=["aws-iot"], backends=elsewhere) as gateway:
            one = (await at(gateway, "SUCCEEDED"))[0]
            payload = await gateway.change(NAME, id=one["id"])
            (error,) = payload["errors"]
            assert error["__typename"] == "OtaGenerationChanged", payload
            assert error["found"] != one["id"]
            assert payload["outcome"] == "UNKNOWN"
            assert simulator.calls[DELETE] == 1
            reborn = (await gateway.ask(ONE, id=error["found"]))["execution"]
            assert reborn["status"] == "QUEUED"
            # The name that was ours is spent: it never reaches what stands there now.
            assert (await gateway.change(NAME, id=one["id"], force=True))["outcome"] == "ALREADY_DELETED"
            assert simulator.calls[DELETE] == 1
