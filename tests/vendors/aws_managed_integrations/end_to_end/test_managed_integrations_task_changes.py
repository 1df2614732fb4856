"""Creating, changing and deleting managed integrations' OTA tasks on the simulator, through GraphQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

BACKEND = "lab-aws-managed-integrations"
TASK = """query($id: ID!) { task(id: $id) { status description outcome
  package { id name vendorDetails { ... on AwsManagedIntegrationsPackageDetails { s3Url } } }
  vendorDetails { ... on AwsManagedIntegrationsTaskDetails { taskConfigurationId s3Url target } }
  executions(first: 50) { nodes { id status attempt device { name } } } } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(
        tmp_path, only=["aws-managed-integrations"], fleet={"deletion_seconds": 30.0}
    ) as gateway:
        yield gateway


async def _create(gateway: SimulatedGateway) -> dict:
    return await gateway.change(
        "createOtaTask",
        backend=BACKEND,
        description="hub firmware 4",
        s3Url="s3://ota/hub-4.json",
        targets=["thing000000"],
    )


async def test_a_created_task_carries_its_file_as_a_package(gateway: SimulatedGateway) -> None:
    created = await _create(gateway)

    assert created["errors"] == []
    seen = (await gateway.ask(TASK, id=created["task"]["id"]))["task"]
    assert seen["description"] == "hub firmware 4"
    assert seen["package"]["vendorDetails"]["s3Url"] == "s3://ota/hub-4.json"
    assert [one["device"]["name"] for one in seen["executions"]["nodes"]] == ["thing000000"]
    package = await gateway.ask("query($id: ID!) { node(id: $id) { id __typename } }", id=seen["package"]["id"])
    assert package["node"] == {"id": seen["package"]["id"], "__typename": "OtaPackage"}


async def test_changing_the_description_keeps_the_configuration(gateway: SimulatedGateway) -> None:
    tasks = await gateway.ask(
        """{ tasks(first: 100) { nodes { id vendorDetails { ... on AwsManagedIntegrationsTaskDetails {
             taskConfigurationId } } } } }"""
    )
    task = next(one for one in tasks["tasks"]["nodes"] if one["vendorDetails"]["taskConfigurationId"])

    changed = await gateway.change("updateOtaTask", id=task["id"], description="calmer", reason="typo")

    assert changed["outcome"] == "DONE"
    seen = (await gateway.ask(TASK, id=task["id"]))["task"]
    assert seen["description"] == "calmer"
    assert seen["vendorDetails"]["taskConfigurationId"] == task["vendorDetails"]["taskConfigurationId"]


async def test_a_deletion_that_takes_its_time_shows_deleting_everywhere(gateway: SimulatedGateway) -> None:
    task = (await _create(gateway))["task"]
    await gateway.ask("{ tasks(first: 100) { nodes { id } } }")

    deleted = await gateway.change("deleteOtaTask", id=task["id"], expectedFingerprint=task["fingerprint"])

    assert deleted["outcome"] == "REQUESTED"
    assert deleted["deletedId"] == task["id"]
    one = (await gateway.ask(TASK, id=task["id"]))["task"]
    listed = await gateway.ask("{ tasks(first: 100) { nodes { id status } } }")
    assert one["status"] == "DELETING"
    assert {"id": task["id"], "status": "DELETING"} in listed["tasks"]["nodes"]
    entry = await gateway.audited(deleted["auditEntryId"])
    assert entry["state"] == "CLOSED"
    assert entry["before"]["description"] == "hub firmware 4"
    assert entry["vendorRequestIds"]


async def test_what_the_service_does_not_have_is_refused_with_what_it_has(gateway: SimulatedGateway) -> None:
    task = (await _create(gateway))["task"]
    execution = (await gateway.ask(TASK, id=task["id"]))["task"]["executions"]["nodes"][0]
    before = gateway.calls

    cancelled = await gateway.change("cancelOtaTask", id=task["id"])
    device = await gateway.change("cancelDeviceUpgrade", executionIds=[execution["id"]])
    row = await gateway.change("deleteJobExecution", id=execution["id"])

    codes = [answer["errors"][0]["code"] for answer in (cancelled, device, row)]
    assert codes == ["UNSUPPORTED_BY_VENDOR"] * 3
    assert gateway.calls == before


async def test_packages_are_skipped_with_the_reason(gateway: SimulatedGateway) -> None:
    answer = await gateway.ask("{ packages { nodes { id } backends { name status error { __typename message } } } }")

    assert answer["packages"]["nodes"] == []
    assert answer["packages"]["backends"][0]["status"] == "SKIPPED"
    assert answer["packages"]["backends"][0]["error"]["__typename"] == "OtaUnsupportedByVendor"


async def test_what_was_deleted_through_the_gateway_is_not_changed_any_more(gateway: SimulatedGateway) -> None:
    task = (await _create(gateway))["task"]
    await gateway.change("deleteOtaTask", id=task["id"])
    before = gateway.calls

    late = await gateway.change("updateOtaTask", id=task["id"], description="too late")

    assert late["outcome"] == "REFUSED"
    assert late["errors"][0]["code"] == "NOT_FOUND"
    assert gateway.calls == before
