"""Creating, changing, cancelling and deleting AWS IoT jobs and packages on the simulator, through GraphQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import boto3
import pytest

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

THING = "arn:aws:iot:us-east-1:123456789012:thing/dev-000000"
TASKS = """{ tasks(first: 100) { nodes { id nativeId status fingerprint description
  executionCounts { total unit byStatus { status count } }
  allowedOperations { operation allowed needsForce reason }
  vendorDetails { ... on AwsIotJobDetails { jobArn targets document } } } } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        yield gateway


async def _create(gateway: SimulatedGateway, name: str = "fw-9") -> dict:
    return await gateway.change(
        "createOtaTask",
        backend="lab-aws-iot",
        name=name,
        description="Firmware 9",
        document='{"operation":"install"}',
        targets=[THING],
    )


def _delete_behind_its_back(url: str, job: str) -> None:
    client = boto3.client(
        "iot",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="demo",
        aws_secret_access_key="demo-secret",
    )
    client.delete_job(jobId=job, force=True)
    client.close()


async def test_a_created_job_is_read_back_whole(gateway: SimulatedGateway) -> None:
    created = await _create(gateway)

    assert created["errors"] == []
    assert created["outcome"] == "DONE"
    listed = [task for task in (await gateway.ask(TASKS))["tasks"]["nodes"] if task["nativeId"] == "fw-9"]
    assert [task["id"] for task in listed] == [created["task"]["id"]]
    assert listed[0]["description"] == "Firmware 9"
    assert listed[0]["vendorDetails"]["document"] == '{"operation":"install"}'
    assert listed[0]["vendorDetails"]["targets"] == [THING]


async def test_creating_under_a_taken_name_is_the_vendors_refusal(gateway: SimulatedGateway) -> None:
    await _create(gateway)

    again = await _create(gateway)

    assert again["task"] is None
    assert again["outcome"] in ("REFUSED", "FAILED")
    assert again["errors"][0]["code"] == "VENDOR_REJECTED"


async def test_a_lost_answer_to_a_create_is_unknown_and_never_repeated(gateway: SimulatedGateway) -> None:
    backend = gateway.backends["aws-iot"]
    backend.fail("answer_lost", "CreateJob")

    created = await _create(gateway)

    assert created["outcome"] == "UNKNOWN"
    assert created["errors"][0]["code"] == "OUTCOME_UNKNOWN"
    assert backend.called("CreateJob") == 1


async def test_one_key_creates_one_job(gateway: SimulatedGateway) -> None:
    draft = {"backend": "lab-aws-iot", "name": "once", "document": "{}", "targets": [THING], "idempotencyKey": "k"}

    first = await gateway.change("createOtaTask", **draft)
    second = await gateway.change("createOtaTask", **draft)

    assert first["outcome"] == second["outcome"] == "DONE"
    assert first["auditEntryId"] == second["auditEntryId"]
    assert first["task"]["id"] == second["task"]["id"]
    assert gateway.backends["aws-iot"].called("CreateJob") == 1


async def test_a_new_description_shows_and_a_wrong_fingerprint_stops_it(gateway: SimulatedGateway) -> None:
    task = (await _create(gateway))["task"]

    stopped = await gateway.change(
        "updateOtaTask", id=task["id"], description="other", expectedFingerprint="f1.000000000000000000."
    )
    changed = await gateway.change(
        "updateOtaTask", id=task["id"], description="better", expectedFingerprint=task["fingerprint"]
    )

    assert stopped["errors"][0]["code"] == "GENERATION_CHANGED"
    assert changed["outcome"] == "DONE"
    assert changed["task"]["description"] == "better"
    assert gateway.backends["aws-iot"].called("UpdateJob") == 1


async def test_an_update_of_nothing_or_of_a_foreign_member_is_refused(gateway: SimulatedGateway) -> None:
    task = (await _create(gateway))["task"]

    nothing = await gateway.change("updateOtaTask", id=task["id"])
    foreign = await gateway.change("updateOtaTask", id=task["id"], taskConfigurationId="cfg1")

    assert nothing["errors"][0]["path"] == ["description"]
    assert foreign["errors"][0]["path"] == ["taskConfigurationId"]
    assert gateway.backends["aws-iot"].called("UpdateJob") == 0


async def test_a_running_job_is_deleted_only_with_force_and_recreating_it_makes_another_task(
    gateway: SimulatedGateway,
) -> None:
    first = (await _create(gateway))["task"]

    refused = await gateway.change("deleteOtaTask", id=first["id"])
    deleted = await gateway.change("deleteOtaTask", id=first["id"], force=True, reason="wrong build")
    second = (await _create(gateway))["task"]
    again = await gateway.change("deleteOtaTask", id=first["id"], force=True)

    assert refused["errors"][0]["needsForce"] is True
    assert deleted["outcome"] in ("DONE", "REQUESTED")
    assert second["id"] != first["id"]
    assert again["outcome"] == "ALREADY_DELETED"
    alive = await gateway.ask("query($id: ID!) { task(id: $id) { status } }", id=second["id"])
    assert alive["task"] is not None
    assert gateway.backends["aws-iot"].called("DeleteJob") == 1


async def test_an_id_of_a_job_that_was_recreated_by_somebody_else_reads_null_and_deletes_nothing(
    gateway: SimulatedGateway,
) -> None:
    first = (await _create(gateway))["task"]
    await asyncio.to_thread(_delete_behind_its_back, gateway.backends["aws-iot"].url, "fw-9")
    second = (await _create(gateway))["task"]

    read = await gateway.ask("query($id: ID!) { task(id: $id) { id } }", id=first["id"])
    refused = await gateway.change("deleteOtaTask", id=first["id"], force=True)

    assert read["task"] is None
    assert refused["errors"][0]["__typename"] == "OtaGenerationChanged"
    assert refused["errors"][0]["found"] == second["id"]
    assert gateway.backends["aws-iot"].called("DeleteJob") == 1  # the one that was not ours


async def test_the_default_version_of_a_package_is_refused_and_an_unused_one_deleted(
    gateway: SimulatedGateway,
) -> None:
    packages = (
        await gateway.ask(
            """{ packages(first: 100) { nodes { id name version
               vendorDetails { ... on AwsIotPackageVersionDetails { isDefault } }
               usedBy(first: 5) { nodes { id status } } allowedOperations { operation allowed reason } } } }"""
        )
    )["packages"]["nodes"]
    default = next(one for one in packages if one["vendorDetails"]["isDefault"])
    unused = next(one for one in packages if one["version"] == "1.0.1")
    used = next(one for one in packages if any(task["status"] == "IN_PROGRESS" for task in one["usedBy"]["nodes"]))

    refused = await gateway.change("deleteOtaPackage", id=default["id"], force=True)
    in_use = await gateway.change("deleteOtaPackage", id=used["id"])
    deleted = await gateway.change("deleteOtaPackage", id=unused["id"])

    assert default["allowedOperations"][0]["allowed"] is False
    assert refused["errors"][0]["code"] == "INVALID_STATE"
    assert in_use["errors"][0]["code"] in ("IN_USE", "INVALID_STATE")
    assert deleted["outcome"] == "DONE"
    assert gateway.backends["aws-iot"].called("DeletePackageVersion") == 1
    assert gateway.backends["aws-iot"].called("DeletePackage") == 0
    gone = await gateway.ask("query($id: ID!) { package(id: $id) { id } }", id=unused["id"])
    assert gone["package"] is None


async def test_a_devices_executions_are_listed_newest_first(gateway: SimulatedGateway) -> None:
    found = await gateway.ask(
        """{ device(backend: "lab-aws-iot", name: "dev-000000") { id urn name
             executions(first: 10) { nodes { queuedAt device { name } } backends { status } } } }"""
    )

    rows = found["device"]["executions"]["nodes"]
    assert found["device"]["urn"] == "lab-aws-iot/dev-000000"
    assert rows
    assert {row["device"]["name"] for row in rows} == {"dev-000000"}
    assert [row["queuedAt"] for row in rows] == sorted((row["queuedAt"] for row in rows), reverse=True)
