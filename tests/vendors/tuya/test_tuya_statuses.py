"""Every value of Tuya's enumerations is mapped, and any other is UNKNOWN and counted."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import ExecutionStatus, FailureReason, PackageKind, PackageStatus, TaskOutcome, TaskStatus
from gateway.vendors.tuya.mapping import EXECUTION_STATUS, PACKAGE_STATUS, STATUS_TABLES, TASK_STATUS
from gateway.vendors.tuya.wire import UNFINISHED
from tests.support.scripted_vendor import ScriptedVendor

# SimpleOTAJobInfo.JobStatus, SimpleOTATaskInfo.TaskStatus, FirmwareInfo.Status, as their pages list them; COMPLETE is
# the short form that two lists of the API's original print.
JOB_STATUS = {"PLANNED", "IN_PROGRESS", "COMPLETED", "COMPLETE", "CANCELED"}
TASK_STATUS_VALUES = {"CONFIRM", "QUEUED", "NOTIFIED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "CANCELED"}
FIRMWARE_STATUS = {"-1", "0", "1", "2", "3"}

TASK = ObjectId(Kind.TASK, "retail", ("1836340779212660001",))


def test_every_documented_value_is_mapped() -> None:
    assert TASK_STATUS.values == JOB_STATUS
    assert EXECUTION_STATUS.values == TASK_STATUS_VALUES
    assert PACKAGE_STATUS.values == FIRMWARE_STATUS
    assert set(UNFINISHED) <= TASK_STATUS_VALUES


@pytest.mark.parametrize(
    ("native", "status", "outcome"),
    [
        ("PLANNED", TaskStatus.SCHEDULED, None),
        ("IN_PROGRESS", TaskStatus.IN_PROGRESS, None),
        ("COMPLETED", TaskStatus.COMPLETED, None),
        ("COMPLETE", TaskStatus.COMPLETED, None),
        ("CANCELED", TaskStatus.CANCELED, TaskOutcome.CANCELED),
        ("PAUSED", TaskStatus.UNKNOWN, None),
    ],
)
async def test_a_batch_reads_as_its_status(
    vendor: ScriptedVendor, adapter: Any, native: str, status: TaskStatus, outcome: TaskOutcome | None
) -> None:
    vendor.answer(200, {"success": True, "data": {"jobId": TASK.key[0], "jobStatus": native}})
    task = await adapter.get_task(TASK)
    assert (task.status, task.vendor_status, task.outcome) == (status, native, outcome)


@pytest.mark.parametrize(
    ("native", "status"),
    [
        ("CONFIRM", ExecutionStatus.AWAITING_CONFIRMATION),
        ("QUEUED", ExecutionStatus.QUEUED),
        ("NOTIFIED", ExecutionStatus.NOTIFIED),
        ("IN_PROGRESS", ExecutionStatus.IN_PROGRESS),
        ("SUCCEEDED", ExecutionStatus.SUCCEEDED),
        ("FAILED", ExecutionStatus.FAILED),
        ("CANCELED", ExecutionStatus.CANCELED),
        ("LATER", ExecutionStatus.UNKNOWN),
    ],
)
async def test_a_device_reads_as_its_status(
    vendor: ScriptedVendor, adapter: Any, native: str, status: ExecutionStatus
) -> None:
    before = STATUS_TABLES["execution"].unknown_values["LATER"]
    rows = [{"taskId": "1", "deviceName": "d", "taskStatus": native}]
    vendor.answer(200, {"success": True, "data": rows})
    execution = (await adapter.list_executions(TASK, None, PageRequest(10))).rows[0]
    assert (execution.status, execution.vendor_status) == (status, native)
    assert STATUS_TABLES["execution"].unknown_values["LATER"] == before + (native == "LATER")


async def test_a_failure_that_speaks_of_a_timeout_stays_a_failure_of_unknown_reason(
    vendor: ScriptedVendor, adapter: Any
) -> None:
    row = {"taskId": "1", "deviceName": "d", "taskStatus": "FAILED", "taskDesc": "the upgrade times out"}
    vendor.answer(200, {"success": True, "data": [row]})
    execution = (await adapter.list_executions(TASK, None, PageRequest(10))).rows[0]
    assert execution.status is ExecutionStatus.FAILED
    assert execution.failure.reason is FailureReason.UNKNOWN
    assert execution.failure.vendor_message == "the upgrade times out"


@pytest.mark.parametrize(
    ("native", "status"),
    [
        (-1, PackageStatus.AVAILABLE),
        (0, PackageStatus.DRAFT),
        ("1", PackageStatus.AVAILABLE),
        (2, PackageStatus.VERIFYING),
        (3, PackageStatus.VERIFICATION_FAILED),
        (9, PackageStatus.UNKNOWN),
        ("odd", PackageStatus.UNKNOWN),
        (None, None),
        ("", None),
    ],
)
async def test_a_package_reads_as_its_status(
    vendor: ScriptedVendor, adapter: Any, native: int | str | None, status: PackageStatus | None
) -> None:
    vendor.answer(200, {"success": True, "firmwareInfo": {"firmwareId": "1", "status": native}})
    package = await adapter.get_package(ObjectId(Kind.PACKAGE, "retail", ("1",)))
    assert package.status is status
    assert package.vendor_status == (str(native) if native not in (None, "") else None)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("default", PackageKind.FIRMWARE),
        ("", PackageKind.FIRMWARE),
        (None, PackageKind.FIRMWARE),
        ("ble", PackageKind.MODULE),
    ],
)
async def test_a_package_of_the_default_module_is_firmware(
    vendor: ScriptedVendor, adapter: Any, module: str | None, kind: PackageKind
) -> None:
    vendor.answer(200, {"success": True, "firmwareInfo": {"firmwareId": "1", "moduleName": module}})
    assert (await adapter.get_package(ObjectId(Kind.PACKAGE, "retail", ("1",)))).kind is kind


async def test_a_status_the_vendor_does_not_have_costs_no_call(
    adapter: Any, asked: Callable[[], list[dict[str, str]]]
) -> None:
    page = await adapter.list_executions(TASK, frozenset({ExecutionStatus.REMOVED}), PageRequest(10))
    assert (page.rows, asked()) == ([], [])
