"""What the adapter sends, held to the requests that the vendor's SDK was seen to send."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.changes import TaskDraft
from gateway.domain.errors import InvalidInput, UnsupportedByVendor, VendorRejected
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task
from tests.support.scripted_vendor import ScriptedVendor

P = "/v5/iot/0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TASK_ID = "5c8ba99030344005c02316ad"
TASK = ObjectId(Kind.TASK, "factory", (TASK_ID,))
PACKAGE = ObjectId(Kind.PACKAGE, "factory", ("32822e5744a45ede319d2c50",))


@pytest.fixture
async def task(vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]) -> Task:
    vendor.answer(200, situation("task_running"))
    found: Task = await adapter.get_task(TASK)
    vendor.requests.clear()
    return found


@pytest.fixture
async def execution(vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]) -> Execution:
    vendor.answer(200, situation("task_running"))
    found = await adapter.find_executions(TASK, ["dev-1"])
    vendor.requests.clear()
    assert found[0] is not None
    return found[0]


async def test_every_call_names_project_instance_and_json(
    vendor: ScriptedVendor, adapter_with: Callable[..., Any]
) -> None:
    vendor.answer(200, {"batchtasks": []})
    await adapter_with(instance_id="0f0a1b2c-1111-2222-3333-444455556666").probe()

    assert vendor.lines == [f"GET {P}/batchtasks?limit=1&task_type=softwareUpgrade"]
    headers = vendor.requests[0].headers
    assert headers["x-project-id"] == P.rpartition("/")[2]
    assert headers["instance-id"] == "0f0a1b2c-1111-2222-3333-444455556666"
    assert headers["content-type"] == "application/json"
    assert headers["x-sdk-date"] == "20260102T030405Z"


async def test_tasks_are_walked_type_after_type_by_marker(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    row = situation("tasks_one_page")["batchtasks"][0]
    vendor.answer(200, {"batchtasks": [row] * 2, "page": {"count": 3, "marker": "a" * 24}})
    vendor.answer(200, {"batchtasks": [row], "page": {"count": 3, "marker": "b" * 24}})
    vendor.answer(200, {"batchtasks": []})
    vendor.answer(200, {"batchtasks": [row], "page": {"count": 1, "marker": "c" * 24}})

    after, seen = None, 0
    while True:
        page = await adapter.list_tasks(PageRequest(2, after))
        seen += len(page.rows)
        after = page.next
        if after is None:
            break

    assert seen == 4
    assert vendor.lines == [
        f"GET {P}/batchtasks?limit=2&task_type=softwareUpgrade",
        f"GET {P}/batchtasks?limit=2&marker={'a' * 24}&task_type=softwareUpgrade",
        f"GET {P}/batchtasks?limit=2&task_type=firmwareUpgrade",
        f"GET {P}/batchtasks?limit=2&task_type=moduleUpgrade",
    ]


async def test_a_marker_that_stays_where_it_was_ends_the_walk(
    vendor: ScriptedVendor, adapter_with: Callable[..., Any], situation: Callable[[str], Any]
) -> None:
    adapter = adapter_with(task_types=["firmwareUpgrade"])
    row = situation("tasks_one_page")["batchtasks"][0]
    page = {"batchtasks": [row], "page": {"count": 9, "marker": "a" * 24}}
    vendor.answer(200, page)
    vendor.answer(200, page)

    first = await adapter.list_tasks(PageRequest(1))
    second = await adapter.list_tasks(PageRequest(1, first.next))

    assert first.next is not None
    assert second.next is None


async def test_a_continuation_of_another_configuration_is_refused(adapter_with: Callable[..., Any]) -> None:
    adapter = adapter_with(task_types=["firmwareUpgrade"])
    with pytest.raises(InvalidInput) as refused:
        await adapter.list_tasks(PageRequest(50, "2:"))
    assert refused.value.path == ["after"]


async def test_packages_are_asked_for_by_type_fifty_at_most(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("packages_one_page"))
    page = await adapter.list_packages(PageRequest(1000))
    assert vendor.lines == [f"GET {P}/ota-upgrades/packages?limit=50&package_type=softwarePackage"]
    assert page.next == "1:"


async def test_one_device_of_a_task_costs_one_call_and_is_asked_for_once(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("task_running"), when=f"GET {P}/batchtasks/{TASK_ID}?limit=1&target=dev-1")
    vendor.answer(404, {"error_code": "IOTDA.000404"}, when=f"GET {P}/batchtasks/{TASK_ID}?limit=1&target=dev-9")

    found = await adapter.find_executions(TASK, ["dev-1", "dev-9", "dev-1"])

    assert [one and one.device.name for one in found] == ["dev-1", None, "dev-1"]
    assert len(vendor.requests) == 2


async def test_a_status_filter_is_pushed_down_when_one_native_word_says_it(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    for _ in range(4):
        vendor.answer(200, situation("task_running"))
    waiting = frozenset({ExecutionStatus.QUEUED, ExecutionStatus.AWAITING_CONFIRMATION})
    for status in (frozenset({ExecutionStatus.FAILED}), waiting, waiting | {ExecutionStatus.REMOVED}, None):
        await adapter.list_executions(TASK, status, PageRequest(10))

    show = f"GET {P}/batchtasks/{TASK_ID}?limit=10"
    assert vendor.lines == [f"{show}&task_detail_status=Fail", f"{show}&task_detail_status=Waitting", show, show]


async def test_a_status_the_vendor_does_not_have_costs_no_call(vendor: ScriptedVendor, adapter: Any) -> None:
    page = await adapter.list_executions(TASK, frozenset({ExecutionStatus.PAUSED}), PageRequest(10))
    assert (page.rows, page.next, vendor.requests) == ([], None, [])


async def test_stop_names_the_devices_or_all_of_the_task(
    vendor: ScriptedVendor, adapter: Any, task: Task, execution: Execution
) -> None:
    for _ in range(4):
        vendor.answer(200, {"targets": [{"target": "dev-1", "status": "success"}]})

    await adapter.cancel_task(task, force=False, reason="wrong build")
    await adapter.cancel_executions([execution], force=False)
    await adapter.retry_executions(task, [execution])
    await adapter.confirm_executions(task, None)

    root = f"POST {P}/batchtasks/{TASK_ID}"
    assert [(sent.line, sent.body) for sent in vendor.requests] == [
        (f"{root}/stop", b"{}"),
        (f"{root}/stop", b'{"targets":["dev-1"]}'),
        (f"{root}/retry", b'{"targets":["dev-1"]}'),
        (f"{root}/confirm", b"{}"),
    ]


async def test_an_empty_selection_never_becomes_the_whole_task(
    vendor: ScriptedVendor, adapter: Any, task: Task
) -> None:
    with pytest.raises(InvalidInput):
        await adapter.cancel_executions([], force=False)
    with pytest.raises(InvalidInput):
        await adapter.retry_executions(task, [])
    with pytest.raises(InvalidInput):
        await adapter.confirm_executions(task, [])
    assert vendor.requests == []


async def test_a_success_whose_targets_failed_is_told_device_by_device(
    vendor: ScriptedVendor, adapter: Any, execution: Execution, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("one_target_refused"), headers={"X-Request-Id": "r-1"})

    receipts = await adapter.cancel_executions([execution], force=False)

    assert list(receipts.refused) == ["dev-1"]
    error = receipts.refused["dev-1"]
    assert isinstance(error, VendorRejected)
    assert (error.vendor_code, error.vendor_message, error.request_id) == ("IOTDA.014219", "not now", "r-1")


async def test_deletes_have_no_body_and_take_any_success(
    vendor: ScriptedVendor, adapter: Any, task: Task, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("package_with_its_file"))
    package = await adapter.get_package(ObjectId(Kind.PACKAGE, "factory", ("28f61af50fc9452aa0ed5ea25c3cc3d3",)))
    vendor.answer(204)
    vendor.answer(202)

    await adapter.delete_package(package)
    await adapter.delete_task(task, force=False)

    assert [(sent.line, sent.body) for sent in vendor.requests[1:]] == [
        (f"DELETE {P}/ota-upgrades/packages/28f61af50fc9452aa0ed5ea25c3cc3d3", b""),
        (f"DELETE {P}/batchtasks/{TASK_ID}", b""),
    ]


async def test_a_new_task_is_sent_as_the_vendor_documents_it(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"package_id": PACKAGE.key[0], "package_type": "firmwarePackage"})
    vendor.answer(201, {"task_id": "5c8ba99030344005c02316ae", "status": "Initializing"})
    draft = TaskDraft(
        name="fw_wave_1",
        targets=("dev-1", "dev-2"),
        package=PACKAGE,
        scheduled_at=datetime(2026, 1, 3, tzinfo=UTC),
        vendor_options={
            "app_id": "61f7e74d036aca5be29e1ed4",
            "need_confirm": False,
            "retry_count": 2,
            "retry_interval": 5,
        },
    )

    created = await adapter.create_task(draft)

    assert created.native_id == "5c8ba99030344005c02316ae"
    assert vendor.lines == [f"GET {P}/ota-upgrades/packages/{PACKAGE.key[0]}", f"POST {P}/batchtasks"]
    assert vendor.requests[1].json() == {
        "app_id": "61f7e74d036aca5be29e1ed4",
        "task_name": "fw_wave_1",
        "task_type": "firmwareUpgrade",
        "need_confirm": False,
        "targets": ["dev-1", "dev-2"],
        "document": {"package_ids": ["32822e5744a45ede319d2c50"]},
        "task_policy": {"schedule_time": "20260103T000000Z", "retry_count": 2, "retry_interval": 5},
    }


async def test_a_new_task_may_name_groups_and_its_own_type(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(201, {"task_id": "5c8ba99030344005c02316ae"})
    groups = {"group_ids": ["e495cf17-ff79-4294-8f64-4d367919d665"]}
    options = {"task_type": "softwareUpgrade", "targets_filter": groups}

    await adapter.create_task(TaskDraft(name="sw_wave_2", targets=(), package=PACKAGE, vendor_options=options))

    assert vendor.requests[0].json() == {
        "task_name": "sw_wave_2",
        "task_type": "softwareUpgrade",
        "targets_filter": groups,
        "document": {"package_ids": ["32822e5744a45ede319d2c50"]},
    }


async def test_what_the_vendor_lacks_is_refused_without_a_call(
    vendor: ScriptedVendor, adapter: Any, execution: Execution
) -> None:
    with pytest.raises(UnsupportedByVendor):
        await adapter.list_device_executions(ObjectId(Kind.DEVICE, "factory", ("dev-1",)), PageRequest(10))
    with pytest.raises(UnsupportedByVendor):
        await adapter.delete_execution(execution, force=True)
    assert await adapter.list_package_tasks(PACKAGE, PageRequest(10)) is None
    assert vendor.requests == []
