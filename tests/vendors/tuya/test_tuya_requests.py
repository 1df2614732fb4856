"""What the adapter asks, how it walks numbered pages, and how it groups devices."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.changes import TaskDraft
from gateway.domain.errors import BackendUnavailable, InvalidInput, InvalidState, OutcomeUnknown, UnsupportedByVendor
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.task import Task
from tests.support.scripted_vendor import ScriptedVendor

Asked = Callable[[], list[dict[str, str]]]
JOB = "1836340779212660001"
TASK = ObjectId(Kind.TASK, "retail", (JOB,))
PACKAGE = ObjectId(Kind.PACKAGE, "retail", ("167",))
DONE = {"code": "", "requestId": "r-1", "success": True}


def firmware(*ids: str, total: int | None = None) -> dict[str, Any]:
    return {**DONE, "firmwareInfo": [{"firmwareId": one} for one in ids], "total": len(ids) if total is None else total}


def jobs(*ids: str, total: int | None = None) -> dict[str, Any]:
    return {**DONE, "data": [{"jobId": one, "firmwareId": "1"} for one in ids], "total": total or len(ids)}


def device_tasks(*names: str, total: int | None = None, status: str = "QUEUED") -> dict[str, Any]:
    rows = [
        {
            "taskId": str(1000 + int(name[1:])),
            "deviceName": name,
            "jobId": JOB,
            "firmwareId": "167",
            "productKey": "pk",
            "taskStatus": status,
        }
        for name in names
    ]
    return {**DONE, "data": rows, "total": total or len(rows)}


@pytest.fixture
async def task(vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]) -> Task:
    vendor.answer(200, situation("job_with_its_description"))
    found: Task = await adapter.get_task(TASK)
    vendor.requests.clear()
    return found


async def executions(vendor: ScriptedVendor, adapter: Any, *names: str) -> list[Execution]:
    vendor.answer(200, device_tasks(*names))
    page = await adapter.list_executions(TASK, None, PageRequest(100))
    vendor.requests.clear()
    rows: list[Execution] = page.rows
    return rows


async def test_tasks_are_walked_package_by_package_reading_each_page_of_packages_once(
    vendor: ScriptedVendor, adapter: Any, asked: Asked
) -> None:
    vendor.answer(200, firmware("11", "12"))
    vendor.answer(200, jobs("1", "1", "2", total=3))
    vendor.answer(200, jobs("3", total=3))
    vendor.answer(200, jobs("4"))

    after, found = None, []
    while True:
        page = await adapter.list_tasks(PageRequest(2, after))
        found.append([one.native_id for one in page.rows])
        after = page.next
        if after is None:
            break

    assert found == [["1", "2"], ["3"], ["4"]]
    assert asked() == [
        {"Action": "ListOTAFirmware", "CurrentPage": "1", "PageSize": "50"},
        {"Action": "ListOTAJobByFirmware", "FirmwareId": "11", "CurrentPage": "1", "PageSize": "2"},
        {"Action": "ListOTAJobByFirmware", "FirmwareId": "11", "CurrentPage": "2", "PageSize": "2"},
        {"Action": "ListOTAJobByFirmware", "FirmwareId": "12", "CurrentPage": "1", "PageSize": "2"},
    ]


async def test_the_walk_goes_on_over_pages_of_packages_and_over_products(
    vendor: ScriptedVendor, adapter_with: Callable[..., Any], asked: Asked
) -> None:
    adapter = adapter_with(product_keys=["p1", "p2"])
    vendor.answer(200, firmware("11", total=51))
    vendor.answer(200, jobs("1"))
    vendor.answer(200, firmware("12", total=51))
    vendor.answer(200, jobs())
    vendor.answer(200, firmware())
    after, found = None, []
    while True:
        page = await adapter.list_tasks(PageRequest(200, after))
        found += [one.native_id for one in page.rows]
        after = page.next
        if after is None:
            break
    assert found == ["1"]
    walked = [(one["Action"], one.get("ProductKey"), one["CurrentPage"]) for one in asked()]
    assert walked == [
        ("ListOTAFirmware", "p1", "1"),
        ("ListOTAJobByFirmware", None, "1"),
        ("ListOTAFirmware", "p1", "2"),
        ("ListOTAJobByFirmware", None, "1"),
        ("ListOTAFirmware", "p2", "1"),
    ]


async def test_a_package_deleted_during_the_walk_is_passed_over(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, firmware("11", "12"))
    vendor.answer(200, {"success": False, "code": "iot.ota.FirmwareNotFound", "errorMessage": "gone"})
    page = await adapter.list_tasks(PageRequest(200))
    assert page.rows == []
    assert page.next is not None


async def test_the_size_of_pages_stays_what_it_was_at_the_start(
    vendor: ScriptedVendor, adapter: Any, asked: Asked
) -> None:
    vendor.answer(200, device_tasks("d1", "d2", total=3))
    vendor.answer(200, device_tasks("d3", total=3))
    first = await adapter.list_executions(TASK, None, PageRequest(2))
    second = await adapter.list_executions(TASK, None, PageRequest(77, first.next))
    assert second.next is None
    assert [(one["CurrentPage"], one["PageSize"]) for one in asked()] == [("1", "2"), ("2", "2")]


async def test_pages_are_never_larger_than_the_vendor_takes(vendor: ScriptedVendor, adapter: Any, asked: Asked) -> None:
    vendor.answer(200, {**DONE, "data": [], "firmwareInfo": []}, when="GET")
    await adapter.list_packages(PageRequest(1000))
    await adapter.list_executions(TASK, None, PageRequest(1000))
    await adapter.list_package_tasks(PACKAGE, PageRequest(1000))
    assert [one["PageSize"] for one in asked()] == ["100", "100", "200"]


@pytest.mark.parametrize("after", ["x", "1", "1.x", "-1.2", "9.1.1.1:", "0.0.1.1:", "1.2.3.4.5", "٣.1"])
async def test_a_continuation_that_does_not_fit_is_refused(vendor: ScriptedVendor, adapter: Any, after: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await adapter.list_tasks(PageRequest(10, after))
    assert refused.value.path == ["after"]
    assert vendor.requests == []


async def test_executions_by_id_cost_one_call_for_fifty_devices_of_a_batch(
    vendor: ScriptedVendor, adapter: Any, asked: Asked
) -> None:
    names = [f"d{number}" for number in range(60)]
    vendor.answer(200, device_tasks(*names[:50]))
    vendor.answer(200, device_tasks(*names[50:]))
    refs = [ObjectId(Kind.EXECUTION, "retail", ("pk", "167", JOB, name, str(1000 + int(name[1:])))) for name in names]
    stale = ObjectId(Kind.EXECUTION, "retail", ("pk", "167", JOB, "d0", "9"))

    found = await adapter.get_executions([*refs, stale])

    assert [one and one.ref for one in found] == [*refs, None]
    assert [sum(key.startswith("DeviceNames.") for key in one) for one in asked()] == [50, 10]
    assert asked()[0]["DeviceNames.1"] == "d0"


async def test_the_present_execution_of_a_device_is_its_latest(vendor: ScriptedVendor, adapter: Any) -> None:
    rows = [
        {"taskId": "2", "deviceName": "d1", "utcCreate": "2024-11-12T11:11:11.000Z"},
        {"taskId": "1", "deviceName": "d1", "utcCreate": "2024-11-11T11:11:11.000Z"},
    ]
    vendor.answer(200, {**DONE, "data": rows, "total": 2})
    found = await adapter.find_executions(TASK, ["d2", "d1"])
    assert [one and one.ref.key[4] for one in found] == [None, "2"]


async def test_a_devices_unfinished_tasks_are_asked_for_by_all_four_states(
    vendor: ScriptedVendor, adapter: Any, asked: Asked
) -> None:
    vendor.answer(200, device_tasks("d1"))
    page = await adapter.list_device_executions(ObjectId(Kind.DEVICE, "retail", ("pk", "d1")), PageRequest(10))
    assert page.next is None
    assert page.rows[0].lacks == {"progress"}
    assert asked() == [
        {
            "Action": "ListOTAUnfinishedTaskByDevice",
            "ProductKey": "pk",
            "DeviceName": "d1",
            "TaskStatusList.1": "CONFIRM",
            "TaskStatusList.2": "QUEUED",
            "TaskStatusList.3": "NOTIFIED",
            "TaskStatusList.4": "IN_PROGRESS",
        }
    ]


async def test_a_packages_executions_are_those_of_its_devices_that_are_unfinished(
    vendor: ScriptedVendor, adapter: Any
) -> None:
    other = {"taskId": "7", "deviceName": "d1", "firmwareId": "168", "productKey": "pk", "jobId": "5"}
    answer = device_tasks("d1")
    answer["data"].append(other)
    vendor.answer(200, answer, when="GET")
    found = await adapter.find_package_executions(PACKAGE, "pk", ["d1"])
    assert [one.ref.key[1] for one in found] == ["167"]
    with pytest.raises(InvalidInput):
        await adapter.find_package_executions(PACKAGE, None, ["d1"])


async def test_a_cancel_names_its_batch_and_its_devices(vendor: ScriptedVendor, adapter: Any, asked: Asked) -> None:
    found = await executions(vendor, adapter, "d1", "d2")
    vendor.answer(200, DONE)
    receipts = await adapter.cancel_executions(found, force=False)
    assert (receipts.refused, receipts.request_ids) == ({}, ("r-1",))
    assert asked() == [
        {
            "Action": "CancelOTATaskByDevice",
            "ProductKey": "pk",
            "FirmwareId": "167",
            "JobId": JOB,
            "DeviceName.1": "d1",
            "DeviceName.2": "d2",
        }
    ]


async def test_a_cancel_of_nobody_or_of_too_many_is_never_sent(vendor: ScriptedVendor, adapter: Any) -> None:
    many = await executions(vendor, adapter, *[f"d{number}" for number in range(51)])
    for refused in ([], many):
        with pytest.raises(InvalidInput):
            await adapter.cancel_executions(refused, force=False)
    for names in ([], [f"d{number}" for number in range(51)]):
        with pytest.raises(InvalidInput):
            await adapter.cancel_package_executions(PACKAGE, "pk", names)
    assert vendor.requests == []


async def test_a_cancelled_batch_says_every_flag(
    vendor: ScriptedVendor, adapter: Any, task: Task, asked: Asked
) -> None:
    vendor.answer(200, DONE)
    await adapter.cancel_task(task, force=False, reason="wrong build")
    assert asked() == [
        {
            "Action": "CancelOTATaskByJob",
            "JobId": JOB,
            "CancelQueuedTask": "true",
            "CancelNotifiedTask": "true",
            "CancelUnconfirmedTask": "true",
        }
    ]


async def test_confirming_a_whole_batch_lists_who_waits_and_confirms_ten_by_ten(
    vendor: ScriptedVendor, adapter: Any, task: Task, asked: Asked
) -> None:
    names = [f"d{number}" for number in range(23)]
    vendor.answer(200, device_tasks(*names, status="CONFIRM"))
    for _ in range(3):
        vendor.answer(200, DONE)

    receipts = await adapter.confirm_executions(task, None)

    assert receipts.request_ids == ("r-1",) * 3
    assert asked()[0]["TaskStatus"] == "CONFIRM"
    sent = [[value for key, value in one.items() if key.startswith("TaskId.")] for one in asked()[1:]]
    assert [len(chunk) for chunk in sent] == [10, 10, 3]
    assert {one for chunk in sent for one in chunk} == {str(1000 + number) for number in range(23)}


async def test_a_confirmation_that_breaks_off_tells_who_was_not_confirmed(
    vendor: ScriptedVendor, adapter: Any, task: Task
) -> None:
    vendor.answer(200, device_tasks(*[f"d{number}" for number in range(23)], status="CONFIRM"))
    vendor.answer(200, DONE)
    vendor.hang_up()

    receipts = await adapter.confirm_executions(task, None)

    assert set(receipts.refused) == {f"d{number}" for number in range(10, 23)}
    assert isinstance(receipts.refused["d10"], OutcomeUnknown)
    assert isinstance(receipts.refused["d22"], BackendUnavailable)


async def test_a_batch_in_which_nobody_waits_is_not_confirmed(
    vendor: ScriptedVendor, adapter: Any, task: Task, asked: Asked
) -> None:
    vendor.answer(200, device_tasks("d1", status="QUEUED"))
    with pytest.raises(InvalidState):
        await adapter.confirm_executions(task, None)
    assert [one["Action"] for one in asked()] == ["ListOTATaskByJob"]


async def test_a_package_is_deleted_by_its_own_action(vendor: ScriptedVendor, adapter: Any, asked: Asked) -> None:
    vendor.answer(200, {**DONE, "firmwareInfo": {"firmwareId": "167"}})
    package = await adapter.get_package(PACKAGE)
    vendor.answer(200, DONE)
    await adapter.delete_package(package)
    assert asked()[1] == {"Action": "DeleteOTAFirmware", "FirmwareId": "167"}


async def test_a_new_batch_is_sent_as_the_vendor_documents_it(
    vendor: ScriptedVendor, adapter: Any, asked: Asked
) -> None:
    vendor.answer(200, {**DONE, "data": {"jobId": "18", "utcCreate": "2024-11-11T11:21:54.607Z"}})
    options = {"SrcVersion": ["1.0.0", "1.0.1"], "RetryInterval": 10, "RetryCount": 2, "NeedConfirm": True}
    draft = TaskDraft(targets=("d1", "d2"), package=PACKAGE, product_key="pk", vendor_options=options)

    created = await adapter.create_task(draft)

    assert (created.native_id, created.request_ids) == ("18", ("r-1",))
    assert asked() == [
        {
            "Action": "CreateOTAStaticUpgradeJob",
            "FirmwareId": "167",
            "ProductKey": "pk",
            "TargetSelection": "SPECIFIC",
            "TargetDeviceName.1": "d1",
            "TargetDeviceName.2": "d2",
            "SrcVersion.1": "1.0.0",
            "SrcVersion.2": "1.0.1",
            "RetryInterval": "10",
            "RetryCount": "2",
            "NeedConfirm": "true",
        }
    ]


async def test_a_new_batch_whose_id_was_not_told_is_unknown(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {**DONE, "data": None})
    with pytest.raises(OutcomeUnknown):
        await adapter.create_task(TaskDraft(targets=("d1",), package=PACKAGE, product_key="pk"))


async def test_what_the_vendor_lacks_is_refused_without_a_call(
    vendor: ScriptedVendor, adapter: Any, task: Task
) -> None:
    with pytest.raises(UnsupportedByVendor):
        await adapter.delete_task(task, force=True)
    with pytest.raises(UnsupportedByVendor):
        await adapter.retry_executions(task, None)
    with pytest.raises(UnsupportedByVendor):
        adapter.execution_ref("thing", "job", 1)
    assert vendor.requests == []
