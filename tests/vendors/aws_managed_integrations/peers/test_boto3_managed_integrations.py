"""boto3 against the simulated managed integrations: each promised operation, the rules, the mixed-case members."""

import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendors.aws_managed_integrations.simulator import build

PROMISED = {
    "CreateOtaTask", "GetOtaTask", "ListOtaTasks", "UpdateOtaTask", "DeleteOtaTask", "ListOtaTaskExecutions",
    "CreateOtaTaskConfiguration", "GetOtaTaskConfiguration", "ListOtaTaskConfigurations", "DeleteOtaTaskConfiguration",
}  # fmt: skip
THING = "arn:aws:iotmanagedintegrations:eu-west-1:123456789012:managed-thing/"
NEW = {"S3Url": "s3://ota-docs/a.json", "OtaType": "ONE_TIME", "Target": [THING + "thing000000"]}
KINDS = ["queued", "finished", "running", "moving", "scheduled", "canceled"]


def refused(call: Any, **given: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def status_of(answer: Any) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def one_of(world: Any, kind: str) -> str:
    """The id of a seeded task of that kind, which their ages tell."""
    rows = world.client.list_ota_tasks(MaxResults=1000)["Tasks"]
    return str(sorted(rows, key=lambda row: row["CreatedAt"], reverse=True)[KINDS.index(kind)]["TaskId"])


def test_boto3_drives_every_promised_operation(integrations_world: Any) -> None:
    world = integrations_world(deletion_seconds=0.0)
    service = world.client
    faster = {"numberOfNotifiedThings": 1}
    rate = {"BaseRatePerMinute": 1, "IncrementFactor": 3.0, "RateIncreaseCriteria": faster}
    push = {"RolloutConfig": {"MaximumPerMinute": 5, "ExponentialRolloutRate": rate}}
    made = service.create_ota_task_configuration(Name="slow", Description="slow one", PushConfig=push)
    assert status_of(made) == 201
    key = made["TaskConfigurationId"]
    assert service.get_ota_task_configuration(Identifier=key)["PushConfig"] == push
    assert key in [row["TaskConfigurationId"] for row in service.list_ota_task_configurations()["Items"]]
    task = service.create_ota_task(**NEW, Description="Main firmware 2-1-0", TaskConfigurationId=key,
                                   Tags={"team": "ota"})  # fmt: skip
    assert status_of(task) == 201
    assert re.fullmatch(r"[A-Za-z0-9]+", task["TaskId"])
    assert task["TaskArn"] == f"arn:aws:iotmanagedintegrations:eu-west-1:123456789012:ota-task/{task['TaskId']}"
    read = service.get_ota_task(Identifier=task["TaskId"])
    assert (read["Status"], read["Target"], read["Tags"]) == ("IN_PROGRESS", NEW["Target"], {"team": "ota"})
    assert read["TaskProcessingDetails"]["numberOfQueuedThings"] == 1
    assert task["TaskId"] in [row["TaskId"] for row in service.list_ota_tasks()["Tasks"]]
    rows = service.list_ota_task_executions(Identifier=task["TaskId"])["ExecutionSummaries"]
    assert [(row["ManagedThingId"], row["TaskExecutionSummary"]["Status"]) for row in rows] == [
        ("thing000000", "QUEUED")
    ]
    assert status_of(service.update_ota_task(Identifier=task["TaskId"], Description="slower")) == 204
    assert service.get_ota_task(Identifier=task["TaskId"])["Description"] == "slower"
    assert status_of(service.delete_ota_task(Identifier=task["TaskId"])) == 200
    assert refused(service.get_ota_task, Identifier=task["TaskId"]) == (404, "ResourceNotFoundException")
    assert status_of(service.delete_ota_task_configuration(Identifier=key)) == 204
    assert set(world.simulator.calls) == PROMISED


def test_the_counts_have_the_services_mixed_case_and_add_up(integrations_world: Any) -> None:
    world = integrations_world()
    details = world.client.get_ota_task(Identifier=one_of(world, "running"))["TaskProcessingDetails"]
    assert set(details) == {
        "NumberOfCanceledThings", "NumberOfFailedThings", "NumberOfInProgressThings", "numberOfQueuedThings",
        "numberOfRejectedThings", "numberOfRemovedThings", "numberOfSucceededThings", "numberOfTimedOutThings",
        "processingTargets",
    }  # fmt: skip
    assert sum(count for count in details.values() if isinstance(count, int)) == 6


def test_tasks_come_in_pages_each_once_in_a_stable_order_that_is_not_by_age(integrations_world: Any) -> None:
    world = integrations_world(tasks=30)
    paginator = world.client.get_paginator("list_ota_tasks")
    runs = [
        [row for page in paginator.paginate(PaginationConfig={"PageSize": 7}) for row in page["Tasks"]]
        for _ in range(2)
    ]
    assert [row["TaskId"] for row in runs[0]] == [row["TaskId"] for row in runs[1]]
    assert len({row["TaskId"] for row in runs[0]}) == 30
    ages = [row["CreatedAt"] for row in runs[0]]
    assert ages not in (sorted(ages), sorted(ages, reverse=True))


def test_executions_and_configurations_come_in_pages(integrations_world: Any) -> None:
    world = integrations_world(devices_per_task=2500)
    executions = world.client.get_paginator("list_ota_task_executions")
    found = [page["ExecutionSummaries"] for page in executions.paginate(
        Identifier=one_of(world, "running"), PaginationConfig={"PageSize": 1000})]  # fmt: skip
    assert [len(page) for page in found] == [1000, 1000, 500]
    assert len({row["ManagedThingId"] for page in found for row in page}) == 2500
    configurations = world.client.get_paginator("list_ota_task_configurations")
    items = [page["Items"] for page in configurations.paginate(PaginationConfig={"PageSize": 2})]
    assert [len(page) for page in items] == [2, 1]


@pytest.mark.parametrize("seconds", [0, 3600, 86400])
def test_there_is_always_a_waiting_a_running_and_a_finished_task(integrations_world: Any, seconds: int) -> None:
    world = integrations_world(tasks=4, speed=60.0)
    world.clock.skip(seconds)
    now = world.clock().timestamp()
    found = {(task.status(now), status) for task in world.simulator.tasks.all(now)
             for status, count in task.rollout.counts(now).items() if count}  # fmt: skip
    assert {("IN_PROGRESS", "QUEUED"), ("IN_PROGRESS", "IN_PROGRESS"), ("COMPLETED", "SUCCEEDED")} <= found


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_task_is_seen_being_deleted_and_then_gone(integrations_world: Any, kind: str) -> None:
    world = integrations_world(deletion_seconds=60.0)
    task_id = one_of(world, kind)
    world.client.delete_ota_task(Identifier=task_id)
    assert world.client.get_ota_task(Identifier=task_id)["Status"] == "DELETION_IN_PROGRESS"
    rows = {row["TaskId"]: row["Status"] for row in world.client.list_ota_tasks()["Tasks"]}
    assert rows[task_id] == "DELETION_IN_PROGRESS"
    world.clock.skip(61)
    assert refused(world.client.get_ota_task, Identifier=task_id) == (404, "ResourceNotFoundException")
    assert refused(world.client.delete_ota_task, Identifier=task_id) == (404, "ResourceNotFoundException")
    assert task_id not in {row["TaskId"] for row in world.client.list_ota_tasks()["Tasks"]}


def test_ten_tasks_may_be_deleted_at_once(integrations_world: Any) -> None:
    world = integrations_world(deletion_seconds=60.0)
    ids = [row["TaskId"] for row in world.client.list_ota_tasks()["Tasks"]]
    for task_id in ids[:10]:
        world.client.delete_ota_task(Identifier=task_id)
    assert refused(world.client.delete_ota_task, Identifier=ids[10]) == (410, "LimitExceededException")
    world.clock.skip(61)
    world.client.delete_ota_task(Identifier=ids[10])


@pytest.mark.parametrize(("variants", "kept"), [((), True), (("put_clears",), False)])
def test_a_member_left_out_of_an_update_stays_unless_the_variant_clears_it(
    integrations_world: Any, variants: tuple[str, ...], kept: bool
) -> None:
    world = integrations_world(variants=frozenset(variants))
    task_id = one_of(world, "queued")
    before = world.client.get_ota_task(Identifier=task_id)
    world.client.update_ota_task(Identifier=task_id, TaskConfigurationId=before["TaskConfigurationId"])
    after = world.client.get_ota_task(Identifier=task_id)
    assert after["TaskConfigurationId"] == before["TaskConfigurationId"]
    assert ("Description" in after) is kept
    assert after["LastUpdatedAt"] > before["LastUpdatedAt"]


def test_devices_progress_and_the_task_completes(integrations_world: Any) -> None:
    world = integrations_world()
    task_id = world.client.create_ota_task(**NEW)["TaskId"]
    seen = []
    for _ in range(29):
        rows = world.client.list_ota_task_executions(Identifier=task_id)["ExecutionSummaries"]
        seen.append(rows[0]["TaskExecutionSummary"]["Status"])
        world.clock.skip(15)
    assert seen[0] == "QUEUED"
    assert "IN_PROGRESS" in seen
    assert world.client.get_ota_task(Identifier=task_id)["Status"] == "COMPLETED"


def test_a_status_set_by_hand_is_what_boto3_reads(integrations_world: Any) -> None:
    world = integrations_world()
    task_id = world.client.create_ota_task(**NEW)["TaskId"]
    world.simulator.set_execution_status(task_id, "thing000000", "REJECTED")
    rows = world.client.list_ota_task_executions(Identifier=task_id)["ExecutionSummaries"]
    assert rows[0]["TaskExecutionSummary"]["Status"] == "REJECTED"
    assert world.client.get_ota_task(Identifier=task_id)["Status"] == "COMPLETED"


def test_a_client_token_makes_one_task_only(integrations_world: Any) -> None:
    world = integrations_world()
    first, second = (world.client.create_ota_task(**NEW, ClientToken="once")["TaskId"] for _ in range(2))
    assert first == second
    other = {**NEW, "Description": "other"}
    assert refused(world.client.create_ota_task, **other, ClientToken="once") == (409, "ConflictException")


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ("create_ota_task", {**NEW, "Description": "Firmware 2.1.0"}, (400, "ValidationException")),
        ("create_ota_task", {**NEW, "OtaType": "TWICE"}, (400, "ValidationException")),
        ("create_ota_task", {**NEW, "Target": []}, (400, "ValidationException")),
        ("create_ota_task", {**NEW, "Target": [THING + "nobody"]}, (404, "ResourceNotFoundException")),
        ("create_ota_task", {**NEW, "Target": [THING + "thing000000"] * 101}, (400, "ValidationException")),
        ("create_ota_task", {**NEW, "TaskConfigurationId": "nope"}, (404, "ResourceNotFoundException")),
        ("create_ota_task", {"S3Url": "s3://a/b", "OtaType": "CONTINUOUS"}, (400, "ValidationException")),
        ("create_ota_task_configuration", {"Name": "a.b"}, (400, "ValidationException")),
        ("get_ota_task", {"Identifier": "doesnotexist"}, (404, "ResourceNotFoundException")),
        ("get_ota_task", {"Identifier": "a-b"}, (400, "ValidationException")),
        ("update_ota_task", {"Identifier": "doesnotexist"}, (404, "ResourceNotFoundException")),
        ("list_ota_tasks", {"MaxResults": 1001}, (400, "ValidationException")),
        ("list_ota_tasks", {"NextToken": "AAAA"}, (400, "ValidationException")),
        ("list_ota_task_configurations", {"NextToken": "a+b"}, (400, "ValidationException")),
        ("list_ota_task_executions", {"Identifier": "doesnotexist"}, (404, "ResourceNotFoundException")),
        ("delete_ota_task_configuration", {"Identifier": "nope"}, (404, "ResourceNotFoundException")),
        ("list_managed_things", {}, (404, "UnknownOperationException")),
    ],
)
def test_what_cannot_be_done_is_refused_in_the_services_words(
    integrations_world: Any, call: str, given: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refused(getattr(integrations_world().client, call), **given) == expected


def test_what_is_missing_is_named(integrations_world: Any) -> None:
    world = integrations_world()
    with pytest.raises(ClientError) as caught:
        world.client.get_ota_task(Identifier="doesnotexist")
    answer = caught.value.response
    assert (answer["ResourceId"], answer["ResourceType"]) == ("doesnotexist", "OtaTask")
    assert answer["Error"]["Message"] == "The specified resource does not exist."


@pytest.mark.parametrize(
    ("signs_with", "code"),
    [(("demo", "wrong"), "InvalidSignatureException"), (("somebody", "demo-secret"), "UnrecognizedClientException")],
)
def test_a_wrong_key_is_refused(integrations_world: Any, signs_with: tuple[str, str], code: str) -> None:
    assert refused(integrations_world(signs_with=signs_with).client.list_ota_tasks) == (403, code)


def test_the_eleventh_request_of_a_second_is_throttled_with_a_429(integrations_world: Any) -> None:
    world = integrations_world(quotas=True)
    world.clock.stop()
    for _ in range(10):
        world.client.list_ota_tasks()
    assert refused(world.client.list_ota_tasks) == (429, "ThrottlingException")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (FaultRule(fault=FaultKind.THROTTLE), (429, "ThrottlingException")),
        (FaultRule(fault=FaultKind.ERROR, status=503), (503, "ServiceUnavailableException")),
        (FaultRule(fault=FaultKind.ERROR, status=500), (500, "InternalServerException")),
        (FaultRule(fault=FaultKind.HTML, status=502), (502, "502")),
    ],
)
def test_boto3_reads_the_faults_as_the_services_errors(
    integrations_world: Any, rule: FaultRule, expected: tuple[int, str]
) -> None:
    assert refused(integrations_world(faults=FaultPlan([rule])).client.list_ota_tasks) == expected


async def test_an_unsigned_request_is_refused_with_a_capital_message() -> None:
    async with serving(build(SimulatorOptions())) as url, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(url + "/ota-tasks")
    assert (answer.status_code, set(answer.json())) == (403, {"Message"})
