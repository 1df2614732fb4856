"""What the adapter makes of AWS IoT's answers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.errors import VendorRejected
from gateway.domain.execution import Failure
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import CountUnit, ExecutionStatus, FailureReason, Source, TaskOutcome, TaskStatus
from gateway.vendors.aws_iot import MANIFEST, AwsIotJobDetails, AwsIotPackageVersionDetails
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]
JOB = ObjectId(Kind.TASK, "fleet", ("fw-2-1-0",))
EXECUTION = ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "fw-2-1-0", "1"))
PACKAGE = ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "2.1.0"))


async def described(vendor: ScriptedVendor, adapter: Any, answer: Any) -> Any:
    vendor.answer(200, answer)
    return await adapter.get_task(JOB)


async def test_a_described_job_is_whole(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_in_progress"))

    assert (task.native_id, task.name, task.vendor_status) == ("fw-2-1-0", "fw-2-1-0", "IN_PROGRESS")
    assert task.status is TaskStatus.IN_PROGRESS
    assert task.ref.generation == "1736938800.123"
    assert task.created_at == datetime(2025, 1, 15, 11, 0, 0, 123000, tzinfo=UTC)
    assert task.description == "Firmware 2.1.0"
    assert (task.outcome, task.outcome_source, task.progress, task.started_at) == (None, None, None, None)
    assert task.package_ref == ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "2.1.0"))
    assert task.lacks == frozenset()
    assert isinstance(task.vendor_details, AwsIotJobDetails)
    assert len(task.vendor_details.targets) == 3
    assert task.vendor_details.is_concurrent is False
    assert json.loads(task.raw)["jobArn"] == task.vendor_details.job_arn


async def test_counts_are_of_executions_and_complete(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_in_progress"))

    counts = task.execution_counts
    assert (counts.total, counts.unit, counts.exact) == (3, CountUnit.EXECUTIONS, True)
    assert {entry.status: entry.count for entry in counts.by_status if entry.count} == {
        ExecutionStatus.QUEUED: 1,
        ExecutionStatus.IN_PROGRESS: 1,
        ExecutionStatus.SUCCEEDED: 1,
    }


async def test_a_missing_counter_is_left_out_and_gives_no_total(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_with_counters_missing"))

    assert task.execution_counts.total is None
    assert {entry.status: entry.count for entry in task.execution_counts.by_status} == {
        ExecutionStatus.QUEUED: 1,
        ExecutionStatus.SUCCEEDED: 2,
    }


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ({"Succeeded": 3}, TaskOutcome.SUCCEEDED),
        ({"Succeeded": 2, "Failed": 1}, TaskOutcome.PARTIALLY_SUCCEEDED),
        ({"Failed": 2, "Rejected": 1}, TaskOutcome.FAILED),
        ({}, TaskOutcome.NO_DEVICES),
    ],
)
async def test_the_outcome_of_a_completed_job_is_derived_from_its_counters(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, counts: dict[str, int], outcome: TaskOutcome
) -> None:
    answer = answer_of("describe_job_completed_partly")
    details = answer["job"]["jobProcessDetails"]
    for member in details:
        details[member] = counts.get(member.removeprefix("numberOf").removesuffix("Things"), 0)

    task = await described(vendor, adapter, answer)

    assert (task.status, task.outcome, task.outcome_source) == (TaskStatus.COMPLETED, outcome, Source.DERIVED)
    assert task.ended_at == datetime(2025, 1, 15, 12, 0, 0, 250000, tzinfo=UTC)


async def test_a_completed_job_without_counters_has_an_undetermined_outcome(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    answer = answer_of("describe_job_completed_partly")
    del answer["job"]["jobProcessDetails"]

    task = await described(vendor, adapter, answer)

    assert (task.outcome, task.execution_counts) == (TaskOutcome.UNDETERMINED, None)


async def test_a_cancelled_job_that_still_cancels_is_canceling(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    canceling = await described(vendor, adapter, answer_of("describe_job_canceling"))
    answer = answer_of("describe_job_canceling")
    answer["job"]["isConcurrent"] = False
    canceled = await described(vendor, adapter, answer)

    assert (canceling.status, canceling.vendor_status, canceling.outcome) == (TaskStatus.CANCELING, "CANCELED", None)
    assert (canceled.status, canceled.outcome) == (TaskStatus.CANCELED, TaskOutcome.CANCELED)
    assert (canceled.vendor_details.comment, canceled.vendor_details.reason_code) == ("rolled back", "BAD_BUILD")


async def test_a_bare_job_is_read_with_nothing_invented(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_bare"))

    assert (task.status, task.vendor_status) == (TaskStatus.UNKNOWN, "")
    assert (task.description, task.updated_at, task.ended_at, task.execution_counts) == (None, None, None, None)
    assert (task.package_ref, task.vendor_details.targets) == (None, [])


async def test_every_package_of_a_job_is_named(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_two_packages"))

    assert task.package_ref.key == ("fw-main", "2.1.0")
    assert [ref.key for ref in task.other_package_refs] == [("fw-radio", "7")]


async def test_the_document_is_fetched_when_it_is_asked_for(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_in_progress"))
    vendor.answer(200, answer_of("job_document"))

    assert await task.vendor_details.read_document() == '{"operation":"install","version":"2.1.0"}'
    assert await task.vendor_details.read_document() == '{"operation":"install","version":"2.1.0"}'
    assert vendor.lines == ["GET /jobs/fw-2-1-0", "GET /jobs/fw-2-1-0/job-document"]


async def test_a_job_without_a_document_has_none(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    task = await described(vendor, adapter, answer_of("describe_job_in_progress"))
    vendor.answer(404, answer_of("job_not_found"), headers={"x-amzn-ErrorType": "ResourceNotFoundException"})

    assert await task.vendor_details.read_document() is None


async def test_a_listed_job_says_what_it_lacks(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(200, answer_of("list_jobs_first_page_of_two"))

    page = await adapter.list_tasks(PageRequest(2))

    assert [task.native_id for task in page.rows] == ["fw-2-1-0", "fw-2-0-9"]
    assert page.next == "AAF+x/9k3Q=="
    assert page.rows[0].lacks == {"description", "package_ref", "execution_counts", "vendor_details"}
    assert json.loads(page.rows[1].raw)["thingGroupId"] == "8f7f92c6-46c0-46ef-b7d8-282f4a18d0d6"


async def test_list_and_describe_agree_on_id_and_fingerprint(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("list_jobs_first_page_of_two"))
    listed = (await adapter.list_tasks(PageRequest(2))).rows[0]
    task = await described(vendor, adapter, answer_of("describe_job_in_progress"))

    assert (listed.id, listed.fingerprint) == (task.id, task.fingerprint)


async def test_only_a_completed_row_lacks_its_outcome(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    answer = answer_of("list_jobs_first_page_of_two")
    answer["jobs"][0]["status"], answer["jobs"][1]["status"] = "COMPLETED", "CANCELED"
    vendor.answer(200, answer)

    completed, canceled = (await adapter.list_tasks(PageRequest(2))).rows

    assert {"outcome", "outcome_source"} <= completed.lacks
    assert canceled.outcome is TaskOutcome.CANCELED
    assert "outcome" not in canceled.lacks


async def test_unknown_members_and_values_are_taken_and_counted(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    table = MANIFEST.status_tables()["task"]
    before = table.unknown_values["ARCHIVED"]
    vendor.answer(200, answer_of("list_jobs_with_surprises"))

    page = await adapter.list_tasks(PageRequest(250))

    assert [task.status for task in page.rows] == [TaskStatus.UNKNOWN, TaskStatus.IN_PROGRESS]
    assert page.rows[0].vendor_status == "ARCHIVED"
    assert page.rows[1].created_at == datetime(2025, 1, 15, 11, 0, 0, 500000, tzinfo=UTC)
    assert page.next is None
    assert table.unknown_values["ARCHIVED"] == before + 1


@pytest.mark.parametrize("body", [b"<html></html>", b'{"jobs": 7}', b"[1]", b'{"jobs": [null]}', b"\xff"])
async def test_a_list_that_cannot_be_read_is_a_vendors_fault(vendor: ScriptedVendor, adapter: Any, body: bytes) -> None:
    vendor.answer(200, body)

    with pytest.raises(VendorRejected, match="ListJobs"):
        await adapter.list_tasks(PageRequest(250))


async def test_a_row_without_its_key_cannot_be_read(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(200, answer_of("list_jobs_row_without_id"))

    with pytest.raises(VendorRejected):
        await adapter.list_tasks(PageRequest(250))


async def test_an_empty_list_needs_no_members(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {})

    page = await adapter.list_tasks(PageRequest(250))

    assert (page.rows, page.next) == ([], None)


async def test_a_listed_execution_takes_its_thing_from_the_arn(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("executions_of_a_job"))

    page = await adapter.list_executions(JOB, None, PageRequest(250))

    assert [execution.device.name for execution in page.rows] == ["dev-01", "dev:02"]
    second = page.rows[1]
    assert second.ref == ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "fw-2-1-0", "1"), "1736938800.200")
    assert second.task_ref == ObjectId(Kind.TASK, "fleet", ("fw-2-1-0",))
    assert (second.attempt, second.status, second.started_at) == (1, ExecutionStatus.QUEUED, None)
    assert second.lacks == {"version"}
    assert json.loads(second.raw)["thingArn"].endswith(":thing/dev:02")


async def test_a_devices_executions_name_their_jobs(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(200, answer_of("executions_of_a_thing"))

    page = await adapter.list_device_executions(ObjectId(Kind.DEVICE, "fleet", ("dev:02",)), PageRequest(10))

    assert page.rows[0].ref.key == ("dev:02", "fw-2-1-0", "1")
    assert vendor.lines == ["GET /things/dev%3A02/jobs?maxResults=10"]


async def test_a_described_execution_has_its_version(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    vendor.answer(200, answer_of("describe_execution_in_progress"))

    (execution,) = await adapter.get_executions([EXECUTION])

    assert (execution.version, execution.failure, execution.ended_at) == (3, None, None)
    assert execution.updated_at == datetime(2025, 1, 15, 11, 59, 0, 250000, tzinfo=UTC)
    assert execution.lacks == frozenset()


@pytest.mark.parametrize(
    ("status", "details", "failure"),
    [
        (
            "FAILED",
            {"error_code": "E42", "reason": "flash write failed", "percent": "40"},
            Failure(reason=FailureReason.VENDOR, vendor_code="E42", vendor_message="flash write failed"),
        ),
        ("FAILED", {"percent": "40"}, Failure(reason=FailureReason.UNKNOWN)),
        ("FAILED", None, Failure(reason=FailureReason.UNKNOWN)),
        ("TIMED_OUT", {}, Failure(reason=FailureReason.TIMEOUT)),
        (
            "REJECTED",
            {"reason": "low battery"},
            Failure(reason=FailureReason.DEVICE_REJECTED, vendor_message="low battery"),
        ),
        ("SUCCEEDED", {"reason": "all good"}, None),
    ],
)
async def test_a_failure_is_what_the_device_plainly_said(
    vendor: ScriptedVendor,
    adapter: Any,
    answer_of: AnswerOf,
    status: str,
    details: dict[str, str] | None,
    failure: Failure | None,
) -> None:
    answer = answer_of("describe_execution_failed")
    answer["execution"]["status"] = status
    answer["execution"]["statusDetails"] = {"detailsMap": details}
    vendor.answer(200, answer)

    (execution,) = await adapter.get_executions([EXECUTION])

    assert execution.failure == failure


async def test_another_number_than_the_one_asked_for_does_not_count(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    answer = answer_of("describe_execution_failed")
    answer["execution"]["executionNumber"] = 2
    vendor.answer(200, answer)

    assert await adapter.get_executions([EXECUTION]) == [None]


async def test_a_package_version_knows_whether_it_is_the_default(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("package_version_published"), when="GET /packages/fw-main/versions/2.1.0")
    vendor.answer(200, {"packageName": "fw-main", "defaultVersionName": "2.1.0"}, when="GET /packages/fw-main")

    package = await adapter.get_package(PACKAGE)

    assert package.vendor_details == AwsIotPackageVersionDetails(
        package_name="fw-main",
        version_name="2.1.0",
        is_default=True,
        attributes={"s3": "s3://fw/main-2.1.0.bin"},  # type: ignore[arg-type]
    )
    assert (package.native_id, package.version, package.description) == ("fw-main/2.1.0", "2.1.0", "Main firmware")
    assert package.lacks == frozenset()


async def test_a_job_seen_again_keeps_its_names_and_one_made_again_gets_others(
    vendor: ScriptedVendor, adapter: Any
) -> None:
    async def listed(created_at: float, status: str) -> Any:
        vendor.answer(200, {"jobs": [{"jobId": "one", "createdAt": created_at, "status": status}]})
        (task,) = (await adapter.list_tasks(PageRequest(size=10))).rows
        return task

    first, later = await listed(1700000000.5, "SCHEDULED"), await listed(1700000000.5, "IN_PROGRESS")
    assert (later.id, later.fingerprint, later.created_at) == (first.id, first.fingerprint, first.created_at)
    assert (first.vendor_status, later.vendor_status) == ("SCHEDULED", "IN_PROGRESS")
    made_again = await listed(1700000001.5, "SCHEDULED")
    assert made_again.id != first.id
    assert made_again.ref.generation == "1700000001.500"
    assert made_again.fingerprint != first.fingerprint
