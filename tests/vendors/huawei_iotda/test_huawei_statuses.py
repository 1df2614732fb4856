"""Every status that the vendor's SDK names is mapped, and one it does not name is UNKNOWN and counted."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from huaweicloudsdkiotda.v5.model import ListBatchTasksRequest, ShowBatchTaskRequest, Task, TaskDetail, TaskProgress

from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import ExecutionStatus, FailureReason, Source, TaskOutcome, TaskStatus
from gateway.vendors.huawei_iotda.mapping import EXECUTION_STATUS, FAILURE_TEXT, STATUS_TABLES, TASK_STATUS
from gateway.vendors.huawei_iotda.wire import TaskProgress as TaskProgressShape
from tests.support.scripted_vendor import ScriptedVendor

TASK_ID = "5c8ba99030344005c02316ad"
REF = ObjectId(Kind.TASK, "factory", (TASK_ID,))


def named_in(member: property) -> set[str]:
    """The values a property's text lists as `- Value: meaning`."""
    return set(re.findall(r"- ([A-Z][A-Za-z]+)\s*[::]?", member.fget.__doc__ or ""))


def test_every_task_status_of_the_sdk_is_mapped() -> None:
    named = named_in(Task.status) | named_in(ListBatchTasksRequest.status)
    assert len(named) == 8
    assert named == TASK_STATUS.values


def test_every_device_status_of_the_sdk_is_mapped() -> None:
    named = named_in(TaskDetail.status) | named_in(ShowBatchTaskRequest.task_detail_status)
    assert len(named) == 7
    assert named == EXECUTION_STATUS.values


def test_every_counter_of_the_sdk_is_read() -> None:
    assert set(TaskProgress.openapi_types) == set(TaskProgressShape.__struct_fields__)


@pytest.mark.parametrize(
    ("vendor_status", "schedule", "total", "status", "outcome"),
    [
        ("Initializing", None, 1, TaskStatus.PREPARING, None),
        ("Waitting", "20260103T000000Z", 1, TaskStatus.SCHEDULED, None),
        ("Waitting", "20260101T000000Z", 1, TaskStatus.PENDING, None),
        ("Waitting", None, 1, TaskStatus.PENDING, None),
        ("Processing", None, 1, TaskStatus.IN_PROGRESS, None),
        ("Stopping", None, 1, TaskStatus.CANCELING, None),
        ("Success", None, 1, TaskStatus.COMPLETED, TaskOutcome.SUCCEEDED),
        ("PartialSuccess", None, 1, TaskStatus.COMPLETED, TaskOutcome.PARTIALLY_SUCCEEDED),
        ("Fail", None, 1, TaskStatus.COMPLETED, TaskOutcome.FAILED),
        ("Fail", None, 0, TaskStatus.FAILED, TaskOutcome.FAILED),
        ("Stopped", None, 1, TaskStatus.CANCELED, TaskOutcome.CANCELED),
        ("Waiting", None, 1, TaskStatus.UNKNOWN, None),
    ],
)
async def test_a_task_reads_as_its_status_and_schedule_say(
    vendor: ScriptedVendor,
    adapter: Any,
    vendor_status: str,
    schedule: str | None,
    total: int,
    status: TaskStatus,
    outcome: TaskOutcome | None,
) -> None:
    row = {
        "task_id": TASK_ID,
        "status": vendor_status,
        "task_policy": {"schedule_time": schedule},
        "task_progress": {"total": total},
    }
    vendor.answer(200, {"batchtask": row})

    task = await adapter.get_task(REF)

    assert (task.status, task.vendor_status, task.outcome) == (status, vendor_status, outcome)
    assert task.outcome_source is (Source.VENDOR if outcome else None)


async def test_a_device_waits_for_confirmation_only_where_its_task_needs_one(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("task_awaiting_confirmation"))
    vendor.answer(200, {"batchtask": {"task_id": TASK_ID}, "task_details": [{"target": "d", "status": "Waitting"}]})

    confirmed = ObjectId(Kind.TASK, "factory", ("5c8ba99030344005c02316af",))
    gated = await adapter.list_executions(confirmed, None, PageRequest(10))
    free = await adapter.list_executions(REF, None, PageRequest(10))

    assert gated.rows[0].status is ExecutionStatus.AWAITING_CONFIRMATION
    assert free.rows[0].status is ExecutionStatus.QUEUED
    assert gated.rows[0].vendor_status == free.rows[0].vendor_status == "Waitting"


async def test_an_unknown_status_is_kept_and_counted(vendor: ScriptedVendor, adapter: Any) -> None:
    before = STATUS_TABLES["execution"].unknown_values["Sleeping"]
    details = [{"target": "d", "status": "Sleeping"}]
    vendor.answer(200, {"batchtask": {"task_id": TASK_ID}, "task_details": details})

    page = await adapter.list_executions(REF, None, PageRequest(10))

    assert (page.rows[0].status, page.rows[0].vendor_status) == (ExecutionStatus.UNKNOWN, "Sleeping")
    assert STATUS_TABLES["execution"].unknown_values["Sleeping"] == before + 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Device Abnormal is not online", FailureReason.UNREACHABLE),
        ("Task Conflict", FailureReason.VENDOR),
        ("Waiting for the device online timeout", FailureReason.UNREACHABLE),
        ("Waiting for report cellId timeout", FailureReason.TIMEOUT),
        ("Waiting for report device firmware version timeout", FailureReason.TIMEOUT),
        ("Wait for the device to report upgrade result timeout", FailureReason.TIMEOUT),
        ("Updating timeout and query device version for check timeout", FailureReason.TIMEOUT),
        ("Waiting for device downloaded package timeout", FailureReason.TIMEOUT),
        ("Integrity check failure for new downloaded package", FailureReason.VERIFICATION),
        ("Unsupported package type", FailureReason.INCOMPATIBLE),
        ("Not enough storage for the new firmware package", FailureReason.STORAGE),
        ("Out of memory during downloading process", FailureReason.DOWNLOAD),
        ("Connection lost during downloading process", FailureReason.DOWNLOAD),
        ("Invalid URI", FailureReason.DOWNLOAD),
        ("Firmware update failed", FailureReason.INSTALLATION),
        ("firmware  update failed.", FailureReason.INSTALLATION),
        ("It timed out, somehow", FailureReason.UNKNOWN),
    ],
)
async def test_a_failure_text_means_what_was_reviewed_and_nothing_guessed(
    vendor: ScriptedVendor, adapter: Any, text: str, reason: FailureReason
) -> None:
    detail = {"target": "d", "status": "Fail", "error": {"error_code": "IOTDA.1", "error_msg": text}}
    vendor.answer(200, {"batchtask": {"task_id": TASK_ID}, "task_details": [detail]})

    execution = (await adapter.list_executions(REF, None, PageRequest(10))).rows[0]

    assert execution.status is ExecutionStatus.FAILED
    assert (execution.failure.reason, execution.failure.vendor_code) == (reason, "IOTDA.1")
    assert execution.failure.vendor_message == text


def test_the_documented_failure_texts_are_fifteen() -> None:
    assert len(FAILURE_TEXT.values) == 15
