"""What is refused before any call: states, keys and drafts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.changes import TaskDraft
from gateway.domain.errors import InvalidInput, InvalidState, UnsupportedByVendor
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.page import PageRequest
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "retail", ("1836340779212660001",))
PACKAGE = ObjectId(Kind.PACKAGE, "retail", ("167",))
STATES = ("CONFIRM", "QUEUED", "NOTIFIED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "CANCELED", "NEW")


@pytest.mark.parametrize(
    ("operation", "allowed"),
    [
        (Operation.CANCEL_EXECUTION, {"CONFIRM", "QUEUED", "NOTIFIED", "NEW"}),
        (Operation.CONFIRM_TASK, {"CONFIRM", "NEW"}),
        (Operation.DELETE_EXECUTION, set()),
        (Operation.RETRY_TASK, set()),
    ],
)
async def test_a_devices_state_decides_and_no_force_helps(
    vendor: ScriptedVendor, adapter: Any, operation: Operation, allowed: set[str]
) -> None:
    rows = [{"taskId": str(number), "deviceName": "d", "taskStatus": state} for number, state in enumerate(STATES)]
    vendor.answer(200, {"success": True, "data": rows})
    page = await adapter.list_executions(TASK, None, PageRequest(100))
    found = set()
    for one in page.rows:
        refusal = adapter.refusal(operation, one, force=True)
        if refusal is None:
            found.add(one.vendor_status)
        elif isinstance(refusal, InvalidState):
            assert not refusal.needs_force
            assert refusal.vendor_status == one.vendor_status
        else:
            assert isinstance(refusal, UnsupportedByVendor)
            assert refusal.alternatives
    assert found == allowed


async def test_a_running_device_is_refused_with_the_vendors_reason(vendor: ScriptedVendor, adapter: Any) -> None:
    row = {"taskId": "1", "deviceName": "d", "taskStatus": "IN_PROGRESS"}
    vendor.answer(200, {"success": True, "data": [row]})
    execution = (await adapter.list_executions(TASK, None, PageRequest(1))).rows[0]
    refusal = adapter.refusal(Operation.CANCEL_EXECUTION, execution, force=False)
    assert "Tuya cannot cancel an upgrade that has begun" in refusal.message


@pytest.mark.parametrize(
    ("state", "free"), [("PLANNED", True), ("IN_PROGRESS", True), ("COMPLETED", False), ("CANCELED", False)]
)
async def test_a_batch_that_has_ended_is_not_cancelled(
    vendor: ScriptedVendor, adapter: Any, state: str, free: bool
) -> None:
    vendor.answer(200, {"success": True, "data": {"jobId": TASK.key[0], "jobStatus": state}})
    task = await adapter.get_task(TASK)
    assert (adapter.refusal(Operation.CANCEL_TASK, task, force=False) is None) is free
    assert (adapter.refusal(Operation.CONFIRM_TASK, task, force=False) is None) is free
    assert "IN_PROGRESS go on" in adapter.side_effects(Operation.CANCEL_TASK, task, force=False)[0]
    refusal = adapter.refusal(Operation.DELETE_TASK, task, force=True)
    assert refusal.alternatives == [Operation.CANCEL_TASK]


@pytest.mark.parametrize(
    ("kind", "key", "fits"),
    [
        (Kind.TASK, ("1836340779212660001",), True),
        (Kind.TASK, ("18x",), False),
        (Kind.TASK, ("٣",), False),
        (Kind.PACKAGE, ("167",), True),
        (Kind.PACKAGE, ("",), False),
        (Kind.DEVICE, ("k1nhvyl0001", "living room".replace(" ", "-")), True),
        (Kind.DEVICE, ("k1nhvyl0001", "living room"), False),
        (Kind.DEVICE, ("device",), False),
        (Kind.EXECUTION, ("k1nhvyl0001", "167", "1", "d", "2"), True),
        (Kind.EXECUTION, ("k1nhvyl0001", "167", "1", "d"), False),
    ],
)
def test_a_key_is_held_to_the_vendors_patterns(adapter: Any, kind: Kind, key: tuple[str, ...], fits: bool) -> None:
    ref = ObjectId(kind, "retail", key)
    if fits:
        adapter.check_key(ref)
    else:
        with pytest.raises(InvalidInput):
            adapter.check_key(ref)


def test_a_device_without_its_product_is_told_to_name_it(adapter: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        adapter.check_key(ObjectId(Kind.DEVICE, "retail", ("device",)))
    assert refused.value.path == ["productKey"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "wave"}, ["name"]),
        ({"description": "d"}, ["description"]),
        ({"document": "{}"}, ["document"]),
        ({"s3_url": "s3://b/k"}, ["s3Url"]),
        ({"task_configuration_id": "c"}, ["taskConfigurationId"]),
        ({"scheduled_at": datetime(2030, 1, 1, tzinfo=UTC)}, ["scheduledAt"]),
        ({"package": None}, ["packageId"]),
        ({"product_key": None}, ["productKey"]),
        ({"product_key": "a b"}, ["productKey"]),
        ({"targets": ()}, ["targets"]),
        ({"targets": tuple(f"d{number}" for number in range(201))}, ["targets"]),
        ({"targets": ("d1", "d 2")}, ["targets", "1"]),
        ({"targets": ("d1", "d1")}, ["targets", "1"]),
        ({"vendor_options": {"ScheduleTime": "1"}}, ["vendorOptions", "ScheduleTime"]),
        ({"vendor_options": {"NeedPush": "true"}}, ["vendorOptions", "NeedPush"]),
        ({"vendor_options": {"RetryInterval": 5, "RetryCount": 1}}, ["vendorOptions", "RetryInterval"]),
        ({"vendor_options": {"RetryInterval": False, "RetryCount": 1}}, ["vendorOptions", "RetryInterval"]),
        ({"vendor_options": {"RetryInterval": 10, "RetryCount": 3}}, ["vendorOptions", "RetryCount"]),
        ({"vendor_options": {"RetryInterval": 10}}, ["vendorOptions", "RetryCount"]),
        ({"vendor_options": {"TimeoutInMinutes": 1441}}, ["vendorOptions", "TimeoutInMinutes"]),
        ({"vendor_options": {"DownloadProtocol": "MQTT"}}, ["vendorOptions", "DownloadProtocol"]),
        ({"vendor_options": {"SrcVersion": [1]}}, ["vendorOptions", "SrcVersion"]),
        ({"vendor_options": {"TargetSelection": ["ALL"]}}, ["vendorOptions", "TargetSelection"]),
        ({"vendor_options": {"TargetSelection": "ALL"}}, ["targets"]),
        ({"targets": (), "vendor_options": {"TargetSelection": "GRAY"}}, ["vendorOptions", "GrayPercent"]),
        ({"targets": (), "vendor_options": {"TargetSelection": "GROUP"}}, ["vendorOptions", "GroupId"]),
        ({"vendor_options": {"GrayPercent": 10}}, ["vendorOptions", "GrayPercent"]),
        ({"vendor_options": {"GrayPercent": 0}}, ["vendorOptions", "GrayPercent"]),
    ],
)
def test_a_draft_that_breaks_a_rule_is_told_where(adapter: Any, changes: dict[str, Any], path: list[str]) -> None:
    wanted: dict[str, Any] = {"targets": ("d1",), "package": PACKAGE, "product_key": "pk", **changes}
    with pytest.raises(InvalidInput) as refused:
        adapter.check_draft(TaskDraft(**wanted))
    assert refused.value.path == path
    assert refused.value.rule


@pytest.mark.parametrize(
    ("targets", "options"),
    [
        (("d1",), {}),
        (("d1",), {"TargetSelection": "SPECIFIC", "SrcVersion": "1.0.0", "TimeoutInMinutes": 1440}),
        ((), {"TargetSelection": "ALL", "NeedPush": False}),
        ((), {"TargetSelection": "GRAY", "GrayPercent": "33"}),
        ((), {"TargetSelection": "GROUP", "GroupId": "g"}),
    ],
)
def test_a_draft_that_keeps_the_rules_passes(adapter: Any, targets: tuple[str, ...], options: dict[str, Any]) -> None:
    adapter.check_draft(TaskDraft(targets=targets, package=PACKAGE, product_key="pk", vendor_options=options))
