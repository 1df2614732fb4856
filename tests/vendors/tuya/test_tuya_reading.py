"""Answers in either casing and any list shape become the same objects."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.errors import VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import PackageKind, PackageStatus, Source, TaskStatus
from gateway.domain.task import Progress
from gateway.vendors.tuya.details import TuyaPackageDetails, TuyaTaskDetails
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "retail", ("1836340779212660001",))
PACKAGE = ObjectId(Kind.PACKAGE, "retail", ("145",))
EXECUTION = ObjectId(Kind.EXECUTION, "retail", ("k1nhvyl0001", "167", TASK.key[0], "device2", "1836340779494820001"))


def pascal(value: Any) -> Any:
    """The casing of the pages' tables."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: pascal(inner) for name, inner in value.items()}
    return [pascal(inner) for inner in value] if isinstance(value, list) else value


SHAPES = [
    pytest.param(lambda answer, member, row: answer, id="bare array"),
    pytest.param(lambda answer, member, row: {**answer, member: {row: answer[member]}}, id="wrapped"),
    pytest.param(
        lambda answer, member, row: {**answer, member: {row[:1].lower() + row[1:]: answer[member]}}, id="wrapped lower"
    ),
    pytest.param(lambda answer, member, row: {**answer, member: answer[member][0]}, id="one bare object"),
    pytest.param(lambda answer, member, row: pascal(answer), id="pascal array"),
    pytest.param(lambda answer, member, row: pascal({**answer, member: {row: answer[member]}}), id="pascal wrapped"),
]


@pytest.mark.parametrize("shaped", SHAPES)
async def test_devices_read_the_same_in_every_shape(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any], shaped: Callable[..., Any]
) -> None:
    vendor.answer(200, shaped(situation("device_tasks_one_page"), "data", "SimpleOTATaskInfo"))
    page = await adapter.list_executions(TASK, None, PageRequest(10))

    assert page.next is None
    execution = page.rows[0]
    assert (execution.ref, execution.task_ref) == (EXECUTION, TASK)
    assert execution.device.urn == "retail/k1nhvyl0001/device2"
    assert execution.progress == Progress(50.0, Source.VENDOR)
    assert execution.queued_at == datetime(2024, 11, 11, 11, 11, 11, tzinfo=UTC)
    assert execution.updated_at == datetime(2024, 11, 11, 11, 12, 11, tzinfo=UTC)
    assert (execution.failure, execution.started_at, execution.ended_at) == (None, None, None)


@pytest.mark.parametrize("shaped", SHAPES)
async def test_packages_read_the_same_in_every_shape(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any], shaped: Callable[..., Any]
) -> None:
    vendor.answer(200, shaped(situation("packages_one_page"), "firmwareInfo", "SimpleFirmwareInfo"))
    package = (await adapter.list_packages(PageRequest(10))).rows[0]

    assert (package.ref, package.name, package.version) == (PACKAGE, "firmware1", "1.0.1")
    assert (package.kind, package.status, package.vendor_status) == (PackageKind.MODULE, PackageStatus.AVAILABLE, "1")
    assert (package.size_bytes, package.checksum) == (924, "3d04ab6462633508606e5f3daac80001")
    assert package.vendor_details == TuyaPackageDetails(
        firmware_type=0, module_name="ble", source_version="1.0.0", sign_method="MD5"
    )
    assert package.lacks == frozenset()


@pytest.mark.parametrize("shaped", SHAPES)
async def test_batches_read_the_same_in_every_shape(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any], shaped: Callable[..., Any]
) -> None:
    vendor.answer(200, shaped(situation("jobs_one_page"), "data", "SimpleOTAJobInfo"))
    vendor.answer(200, situation("job_with_its_description"))

    listed = (await adapter.list_package_tasks(PACKAGE, PageRequest(10))).rows[0]
    read = await adapter.get_task(TASK)

    assert listed.lacks == {"description", "started_at", "ended_at"}
    assert (listed.description, listed.started_at, listed.ended_at) == (None, None, None)
    assert listed.fingerprint == read.fingerprint
    assert listed.ref == read.ref == TASK
    assert (read.name, read.status, read.description) == (TASK.key[0], TaskStatus.IN_PROGRESS, "first wave")
    assert (read.started_at, read.ended_at) == (datetime(2019, 12, 28, 2, 44, tzinfo=UTC), None)
    assert read.package_ref == ObjectId(Kind.PACKAGE, "retail", ("176",))
    assert (read.execution_counts, read.progress, read.lacks) == (None, None, frozenset())
    assert read.vendor_details == TuyaTaskDetails(
        firmware_id="176", product_key="a19mzPZ0001", job_type="UPGRADE_FIRMWARE", target_selection="SPECIFIC"
    )


@pytest.mark.parametrize("data", [None, [], {}, "", {"SimpleOTATaskInfo": []}, {"simpleOTATaskInfo": None}])
async def test_an_empty_list_may_be_said_in_any_way(vendor: ScriptedVendor, adapter: Any, data: object) -> None:
    vendor.answer(200, {"code": "", "success": True, "data": data, "total": 0})
    page = await adapter.list_executions(TASK, None, PageRequest(10))
    assert (page.rows, page.next) == ([], None)


@pytest.mark.parametrize("success", [True, "true", "True", "TRUE"])
async def test_success_is_read_in_any_case(vendor: ScriptedVendor, adapter: Any, success: object) -> None:
    vendor.answer(200, {"Success": success, "Code": "", "FirmwareInfo": []})
    await adapter.probe()


async def test_the_files_address_is_never_kept(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("package_with_its_file"))
    vendor.answer(200, pascal(situation("package_with_its_file")))
    for _ in range(2):
        package = await adapter.get_package(PACKAGE)
        assert "do-not-show" not in repr(package)
        assert "firmwareurl" not in {name.lower() for name in json.loads(package.raw)}
        assert package.status is PackageStatus.AVAILABLE


async def test_raw_is_the_vendors_own_object_in_its_own_casing(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, pascal(situation("jobs_one_page")))
    task = (await adapter.list_package_tasks(PACKAGE, PageRequest(10))).rows[0]
    assert json.loads(task.raw) == pascal(situation("jobs_one_page"))["Data"][0]


async def test_ids_sent_as_numbers_keep_all_their_digits(vendor: ScriptedVendor, adapter: Any) -> None:
    body = (
        '{"success": true, "data": [{"taskId": 1836340779494820001, "jobId": 1836340779212660001, "deviceName": "d"}]}'
    )
    vendor.answer(200, body)
    execution = (await adapter.list_executions(TASK, None, PageRequest(10))).rows[0]
    assert execution.ref.key[2:] == ("1836340779212660001", "d", "1836340779494820001")


@pytest.mark.parametrize(
    ("sent", "percent"),
    [("50", 50.0), (50, 50.0), ("0.00", 0.0), ("", None), (None, None), ("most", None), ("101", None)],
)
async def test_progress_is_a_percentage_or_nothing(
    vendor: ScriptedVendor, adapter: Any, sent: object, percent: float | None
) -> None:
    vendor.answer(200, {"success": True, "data": [{"taskId": "1", "deviceName": "d", "progress": sent}]})
    progress = (await adapter.list_executions(TASK, None, PageRequest(10))).rows[0].progress
    assert (progress and progress.percent) == percent


@pytest.mark.parametrize("data", [7, ["x"], [{"deviceName": "d"}], [{"taskId": "1", "deviceName": ["d"]}]])
async def test_rows_that_cannot_be_read_are_a_typed_refusal(vendor: ScriptedVendor, adapter: Any, data: object) -> None:
    vendor.answer(200, {"success": True, "data": data})
    with pytest.raises(VendorRejected, match="cannot be read"):
        await adapter.list_executions(TASK, None, PageRequest(10))


@pytest.mark.parametrize(
    "members",
    [
        {"total": 3},
        {"total": "3", "firmwareInfos": [{"firmwareId": "1"}]},
        {"firmwareInfo": [{"firmwareId": "1", "firmwareName": json.loads("[" * 900 + "]" * 900)}]},
    ],
)
async def test_rows_that_were_lost_on_the_way_are_not_an_empty_list(
    vendor: ScriptedVendor, adapter: Any, members: dict[str, Any]
) -> None:
    vendor.answer(200, {"success": True, **members})
    with pytest.raises(VendorRejected, match="cannot be read"):
        await adapter.list_packages(PageRequest(10))


@pytest.mark.parametrize("total", ["9" * 5000, -1, 3.5, {}, None, "three"])
async def test_a_total_that_is_no_count_is_not_counted_by(vendor: ScriptedVendor, adapter: Any, total: object) -> None:
    vendor.answer(200, {"success": True, "total": total, "firmwareInfo": [{"firmwareId": "1"}]})
    page = await adapter.list_packages(PageRequest(10))
    assert ([one.native_id for one in page.rows], page.next) == (["1"], None)


@pytest.mark.parametrize(("written", "size"), [(5069000, 5069000.0), ("17", 17.0), (-1, None), (-1e30, None)])
async def test_a_size_below_nothing_is_none(
    vendor: ScriptedVendor, adapter: Any, written: object, size: float | None
) -> None:
    vendor.answer(200, {"success": True, "firmwareInfo": [{"firmwareId": "1", "firmwareSize": written}]})
    assert (await adapter.list_packages(PageRequest(10))).rows[0].size_bytes == size
