"""What the adapter makes of managed integrations' answers."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.loaders import Loader

from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import ExecutionStatus, FailureReason, TaskOutcome, TaskStatus
from gateway.vendors.aws_managed_integrations import (
    MANIFEST,
    AwsManagedIntegrationsPackageDetails,
    AwsManagedIntegrationsTaskDetails,
)
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]
TASK_ID = "3f9c1d7a5b2e4860"
TASK = ObjectId(Kind.TASK, "fleet", (TASK_ID,))
FILE = "s3://ota-docs/main-2.1.0.json"
SHAPES = Loader().load_service_model("iot-managed-integrations", "service-2")["shapes"]


@pytest.mark.parametrize(("table", "shape"), [("task", "OtaStatus"), ("execution", "OtaTaskExecutionStatus")])
def test_every_modelled_status_is_mapped(table: str, shape: str) -> None:
    statuses = MANIFEST.status_tables()[table]

    assert statuses.values == frozenset(SHAPES[shape]["enum"])
    assert all(statuses.read(value).value != "UNKNOWN" for value in statuses.values)


async def test_a_task_is_whole_and_shows_its_file_as_a_package(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("task_in_progress"))

    task = await adapter.get_task(TASK)

    assert (task.native_id, task.name, task.ref.generation) == (TASK_ID, TASK_ID, "")
    assert (task.status, task.outcome, task.description) == (TaskStatus.IN_PROGRESS, None, "Main firmware 2-1-0")
    assert task.package.ref == ObjectId(Kind.PACKAGE, "fleet", (TASK_ID, FILE))
    assert task.package.vendor_details == AwsManagedIntegrationsPackageDetails(s3_url=FILE)
    assert isinstance(task.vendor_details, AwsManagedIntegrationsTaskDetails)
    assert task.vendor_details.task_configuration_id == "cfg7b1d4c6f"
    assert len(task.vendor_details.target) == 3
    assert task.execution_counts.total == 3
    assert task.lacks == frozenset()


async def test_counters_are_read_whatever_their_case(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(200, answer_of("task_completed_with_counters_in_other_cases"))

    task = await adapter.get_task(TASK)

    assert (task.execution_counts.total, task.outcome) == (3, TaskOutcome.SUCCEEDED)


async def test_a_bare_task_is_read_with_nothing_invented(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("task_bare_with_unknown_status"))

    task = await adapter.get_task(TASK)

    assert (task.status, task.vendor_status) == (TaskStatus.UNKNOWN, "PAUSED")
    assert (task.package, task.created_at, task.execution_counts, task.description) == (None, None, None, None)
    assert task.vendor_details.target == []


async def test_a_listed_task_says_what_it_lacks(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(200, answer_of("list_tasks_first_page_of_two"))
    vendor.answer(200, answer_of("task_in_progress"))

    page = await adapter.list_tasks(PageRequest(2))
    described = await adapter.get_task(TASK)

    running, completed = page.rows
    assert running.lacks == {"description", "package", "execution_counts", "vendor_details"}
    assert completed.lacks == running.lacks | {"outcome", "outcome_source"}
    assert (running.id, running.fingerprint) == (described.id, described.fingerprint)
    assert page.next == "AQIC+/8x9Q=="


async def test_executions_are_complete_as_they_are_listed(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("executions_with_two_attempts_of_one_thing"))

    rows = (await adapter.list_executions(TASK, None, PageRequest(10))).rows

    assert [row.failure.reason for row in rows] == [
        FailureReason.UNKNOWN,
        FailureReason.TIMEOUT,
        FailureReason.DEVICE_REJECTED,
    ]
    assert rows[0].ref == ObjectId(Kind.EXECUTION, "fleet", ("thing01", TASK_ID, "1"), "1736938800")
    assert rows[0].task_ref == TASK
    assert {row.lacks for row in rows} == {frozenset()}


async def test_of_two_attempts_the_later_is_the_present_one(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("executions_with_two_attempts_of_one_thing"))
    arn = "arn:aws:iotmanagedintegrations:eu-west-1:123456789012:managed-thing/thing01"

    found = await adapter.find_executions(TASK, ["thing09", arn])

    assert found[0] is None
    assert (found[1].attempt, found[1].status) == (2, ExecutionStatus.TIMED_OUT)


async def test_executions_by_id_cost_one_walk_of_each_task(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    first = answer_of("executions_of_a_task")
    first["ExecutionSummaries"], rest = first["ExecutionSummaries"][:1], first["ExecutionSummaries"][1:]
    vendor.answer(200, {**first, "NextToken": "AQIC+/8x9Q=="})
    vendor.answer(200, {"ExecutionSummaries": rest, "NextToken": "more"})
    refs = [ObjectId(Kind.EXECUTION, "fleet", (thing, TASK_ID, "1")) for thing in ("thing02", "thing01", "thing02")]

    found = await adapter.get_executions(refs)

    assert [execution.device.name for execution in found] == ["thing02", "thing01", "thing02"]
    assert vendor.lines == [
        f"GET /ota-tasks/{TASK_ID}/devices?MaxResults=1000",
        f"GET /ota-tasks/{TASK_ID}/devices?MaxResults=1000&NextToken=AQIC%2B%2F8x9Q%3D%3D",
    ]


async def test_a_package_is_read_from_its_task_while_the_task_names_it(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("task_in_progress"), when="GET /")

    same = await adapter.get_package(ObjectId(Kind.PACKAGE, "fleet", (TASK_ID, FILE)))
    other = await adapter.get_package(ObjectId(Kind.PACKAGE, "fleet", (TASK_ID, "s3://ota-docs/other.json")))

    assert same.native_id == FILE
    assert other is None


async def test_what_does_not_exist_reads_as_none(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(
        404, answer_of("task_not_found"), headers={"x-amzn-ErrorType": "ResourceNotFoundException"}, when="GET /"
    )

    assert await adapter.get_task(TASK) is None
    assert await adapter.get_package(ObjectId(Kind.PACKAGE, "fleet", (TASK_ID, FILE))) is None
    assert await adapter.get_executions([ObjectId(Kind.EXECUTION, "fleet", ("t", TASK_ID, "1"))]) == [None]
    assert await adapter.find_executions(TASK, ["t"]) == [None]
