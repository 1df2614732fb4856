"""What the vendor's answers become, and that little is asked of their form."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.errors import VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import CountUnit, ExecutionStatus, PackageKind, TaskStatus
from gateway.domain.task import StatusCount
from gateway.vendors.huawei_iotda.details import HuaweiIotdaPackageDetails, HuaweiIotdaTaskDetails
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "factory", ("5c8ba99030344005c02316ad",))
PACKAGE = ObjectId(Kind.PACKAGE, "factory", ("28f61af50fc9452aa0ed5ea25c3cc3d3",))
CREATED = datetime(2023, 2, 11, 12, 12, 12, tzinfo=UTC)


async def test_a_listed_task_is_the_task_that_a_single_read_gives(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("tasks_one_page"))
    vendor.answer(200, situation("task_running"))

    listed = (await adapter.list_tasks(PageRequest(50))).rows[0]
    read = await adapter.get_task(TASK)

    assert listed == read
    assert (read.ref, read.native_id, read.name) == (TASK, TASK.key[0], "fw_wave_1")
    assert read.ref.generation == ""
    assert (read.status, read.vendor_status, read.lacks) == (TaskStatus.IN_PROGRESS, "Processing", frozenset())
    assert read.package_ref == ObjectId(Kind.PACKAGE, "factory", ("32822e5744a45ede319d2c50",))
    assert (read.created_at, read.started_at, read.ended_at, read.updated_at) == (CREATED, None, None, None)
    assert read.progress is None
    assert read.vendor_details == HuaweiIotdaTaskDetails(
        task_type="firmwareUpgrade", status_description=None, targets=["dev-1", "dev-2"]
    )
    assert json.loads(read.raw) == situation("task_running")["batchtask"]


async def test_the_vendors_counters_are_devices_and_exact(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("task_running"))
    counts = (await adapter.get_task(TASK)).execution_counts

    assert (counts.total, counts.unit, counts.exact) == (2, CountUnit.DEVICES, True)
    assert StatusCount(ExecutionStatus.QUEUED, 1) in counts.by_status
    assert StatusCount(ExecutionStatus.IN_PROGRESS, 1) in counts.by_status
    assert sum(one.count for one in counts.by_status) == 2


async def test_a_task_that_failed_before_any_device_says_why(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("task_that_failed_before_any_device"))
    task = await adapter.get_task(ObjectId(Kind.TASK, "factory", ("5c8ba99030344005c02316ae",)))
    assert task.status is TaskStatus.FAILED
    assert task.vendor_details.status_description == "The package does not exist."
    assert task.package_ref.key == ("32822e5744a45ede319d2c50",)


@pytest.mark.parametrize(
    ("document", "package"),
    [
        ({"package_ids": ["a"]}, "a"),
        ({"package_id": "b"}, "b"),
        ({"package_id": ["c"]}, "c"),
        ({"package_ids": [], "package_id": "d"}, "d"),
        ({"package_ids": "e"}, "e"),
        ({}, None),
        (None, None),
        ([1], None),
    ],
)
async def test_the_package_is_found_under_either_of_its_names(
    vendor: ScriptedVendor, adapter: Any, document: object, package: str | None
) -> None:
    vendor.answer(200, {"batchtask": {"task_id": TASK.key[0], "document": document}})
    task = await adapter.get_task(TASK)
    assert (task.package_ref and task.package_ref.key[0]) == package


async def test_an_execution_has_no_time_and_no_attempt_since_the_vendor_gives_none(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("device_that_failed"))
    execution = (await adapter.find_executions(TASK, ["dev-1"]))[0]

    assert execution.ref == ObjectId(Kind.EXECUTION, "factory", (TASK.key[0], "dev-1"))
    assert execution.task_ref == TASK
    assert (execution.device.urn, execution.device.product_key) == ("factory/dev-1", None)
    assert (execution.queued_at, execution.started_at, execution.ended_at, execution.updated_at) == (None,) * 4
    assert (execution.attempt, execution.progress, execution.version) == (None, None, None)
    assert json.loads(execution.raw) == situation("device_that_failed")["task_details"][0]


async def test_a_listed_package_lacks_what_only_a_single_read_tells(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("packages_one_page"))
    vendor.answer(200, situation("package_with_its_file"))

    listed = (await adapter.list_packages(PageRequest(50))).rows[0]
    read = await adapter.get_package(PACKAGE)

    assert listed.lacks == {"checksum", "vendor_details"}
    assert (listed.checksum, listed.vendor_details) == (None, None)
    assert listed.fingerprint == read.fingerprint
    assert (read.kind, read.version, read.product_key) == (PackageKind.FIRMWARE, "V2.0", "5ba24f5ebbe8f56f5a14f605")
    assert (read.status, read.vendor_status, read.size_bytes) == (None, None, None)
    assert (read.checksum, read.created_at, read.lacks) == ("0f0f", CREATED, frozenset())
    assert read.vendor_details == HuaweiIotdaPackageDetails(
        package_type="firmwarePackage",
        support_source_versions=["V1.0", "V1.1"],
        file_location=situation("package_with_its_file")["file_location"],
        custom_info="abc",
    )


@pytest.mark.parametrize("body", ["{}", '{"batchtasks": null, "page": null}', '{"batchtasks": [], "page": {}}'])
async def test_an_empty_list_may_be_said_in_any_way(vendor: ScriptedVendor, adapter: Any, body: str) -> None:
    vendor.answer(200, body)
    page = await adapter.list_tasks(PageRequest(50))
    assert (page.rows, page.next) == ([], "1:")


async def test_members_that_are_missing_null_or_new_do_no_harm(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"batchtask": {"task_id": TASK.key[0], "task_progress": None, "targets": None, "novelty": [1]}})
    task = await adapter.get_task(TASK)
    assert (task.name, task.status, task.vendor_status) == (TASK.key[0], TaskStatus.UNKNOWN, "")
    assert (task.execution_counts, task.created_at, task.package_ref) == (None, None, None)


@pytest.mark.parametrize("body", ["<html>busy</html>", '{"batchtasks": 7}', '{"batchtasks": [{"task_id": 7}]}', "[]"])
async def test_a_success_that_cannot_be_read_is_a_typed_refusal(
    vendor: ScriptedVendor, adapter: Any, body: str
) -> None:
    vendor.answer(200, body)
    with pytest.raises(VendorRejected, match="cannot be read"):
        await adapter.list_tasks(PageRequest(50))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"batchtask": null}', b'{"batchTask": {"task_id": "a"}}'])
async def test_a_success_without_its_task_does_not_say_that_there_is_none(
    vendor: ScriptedVendor, adapter: Any, body: bytes
) -> None:
    vendor.answer(200, body.decode(), when="GET")
    with pytest.raises(VendorRejected, match="cannot be read"):
        await adapter.get_task(TASK)
    with pytest.raises(VendorRejected, match="cannot be read"):
        await adapter.list_executions(TASK, None, PageRequest(50))
