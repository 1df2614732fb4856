"""updateOtaTask and deleteOtaTask on AWS managed integrations."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.seed_changes import (
    is_audited,
    previews_without_changing,
    refuses_a_stale_fingerprint,
    replays_and_conflicts,
)
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, simulated_gateway

UPDATE, DELETE = "UpdateOtaTask", "DeleteOtaTask"
TASKS = "{ tasks(first: 20) { nodes { id status fingerprint description } } }"
ONE = """query One($id: ID!) { task(id: $id) { id status description
  vendorDetails { ... on AwsManagedIntegrationsTaskDetails { taskConfigurationId } } } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["aws-managed-integrations"]) as running:
        yield running


@pytest.fixture
def backend(gateway: SimulatedGateway) -> SimulatedBackend:
    return gateway.backends["aws-managed-integrations"]


async def tasks(gateway: SimulatedGateway) -> list[dict[str, Any]]:
    """The seeded tasks."""
    return list((await gateway.ask(TASKS))["tasks"]["nodes"])


async def test_a_description_is_changed_and_a_second_read_shows_it(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    one, other = (await tasks(gateway))[:2]
    members = {"id": one["id"], "description": "Lamps again", "expectedFingerprint": one["fingerprint"]}
    preview = await previews_without_changing(gateway, backend, "updateOtaTask", (UPDATE,), **members)
    assert preview["affected"] == [one["id"]]
    await refuses_a_stale_fingerprint(
        gateway, backend, "updateOtaTask", (UPDATE,), id=one["id"], description="Lamps again"
    )
    assert (await gateway.ask(ONE, id=one["id"]))["task"]["description"] == one["description"]

    payload = await gateway.change("updateOtaTask", idempotencyKey="k1", **members)
    assert (payload["outcome"], payload["errors"]) == ("DONE", [])
    assert payload["task"]["description"] == "Lamps again"
    assert (await gateway.ask(ONE, id=one["id"]))["task"]["description"] == "Lamps again"
    assert (await gateway.ask(ONE, id=other["id"]))["task"]["description"] == other["description"]
    entry = await is_audited(gateway, payload, "UPDATE_TASK", "DONE")
    assert entry["before"]["description"] == one["description"]
    assert entry["after"]["description"] == "Lamps again"
    assert len(entry["vendorRequestIds"]) == 1
    await replays_and_conflicts(gateway, "updateOtaTask", payload, "k1", {"description": "Another"}, **members)
    assert backend.called(UPDATE) == 1


@pytest.mark.parametrize(("fault", "outcome"), [(FaultKind.ANSWER_LOST, "DONE"), (FaultKind.DROP, "UNKNOWN")])
async def test_after_a_lost_answer_to_an_update_reading_back_decides_and_it_is_never_repeated(
    gateway: SimulatedGateway, backend: SimulatedBackend, fault: FaultKind, outcome: str
) -> None:
    one = (await tasks(gateway))[0]
    backend.fail(fault, UPDATE)
    payload = await gateway.change("updateOtaTask", id=one["id"], description="Lamps again")
    assert payload["outcome"] == outcome
    assert backend.called(UPDATE) == 1
    await is_audited(gateway, payload, "UPDATE_TASK", outcome)


async def test_a_task_is_deleted_once_and_a_second_read_shows_it_gone(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    rows = await tasks(gateway)
    one = next(row for row in rows if row["status"] == "COMPLETED")
    other = next(row for row in rows if row["id"] != one["id"])
    members = {"id": one["id"], "expectedFingerprint": one["fingerprint"]}
    preview = await previews_without_changing(gateway, backend, "deleteOtaTask", (DELETE,), **members)
    assert preview["affected"] == [one["id"]]
    await refuses_a_stale_fingerprint(gateway, backend, "deleteOtaTask", (DELETE,), id=one["id"])
    assert (await gateway.ask(ONE, id=one["id"]))["task"]["status"] == "COMPLETED"

    payload = await gateway.change("deleteOtaTask", idempotencyKey="k1", **members)
    assert payload["outcome"] in {"DONE", "REQUESTED"}
    assert payload["deletedId"] == one["id"]
    left = (await gateway.ask(ONE, id=one["id"]))["task"]
    assert left is None or left["status"] in {"DELETING", "DELETED"}
    listed = {row["id"]: row["status"] for row in await tasks(gateway)}
    assert listed.get(one["id"], "DELETED") in {"DELETING", "DELETED"}
    assert listed[other["id"]] == other["status"]
    entry = await is_audited(gateway, payload, "DELETE_TASK", payload["outcome"])
    assert entry["before"]["vendorStatus"] == "COMPLETED"
    assert len(entry["vendorRequestIds"]) == 1

    await replays_and_conflicts(gateway, "deleteOtaTask", payload, "k1", {"id": other["id"]}, **members)
    again = await gateway.change("deleteOtaTask", id=one["id"])
    assert again["outcome"] == "ALREADY_DELETED"
    assert backend.called(DELETE) == 1


@pytest.mark.parametrize(("fault", "sent"), [(FaultKind.ANSWER_LOST, 1), (FaultKind.DROP, 2)])
async def test_after_a_lost_answer_to_a_delete_reading_back_decides_whether_to_send_again(
    gateway: SimulatedGateway, backend: SimulatedBackend, fault: FaultKind, sent: int
) -> None:
    one = (await tasks(gateway))[0]
    backend.fail(fault, DELETE, times=1)
    payload = await gateway.change("deleteOtaTask", id=one["id"])
    assert payload["outcome"] in {"DONE", "REQUESTED"}
    assert payload["errors"] == []
    assert backend.called(DELETE) == sent
