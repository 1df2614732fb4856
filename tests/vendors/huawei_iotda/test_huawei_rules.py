"""What is refused before any call: states, names, lengths, and settings that cannot work."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.domain.changes import TaskDraft
from gateway.domain.errors import InvalidInput, InvalidState, UnsupportedByVendor
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.page import PageRequest
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "factory", ("5c8ba99030344005c02316ad",))
PACKAGE = ObjectId(Kind.PACKAGE, "factory", ("28f61af50fc9452aa0ed5ea25c3cc3d3",))
STATES = ("Initializing", "Waitting", "Processing", "Stopping", "Success", "PartialSuccess", "Fail", "Stopped")


@pytest.mark.parametrize(
    ("operation", "allowed"),
    [
        (Operation.CANCEL_TASK, {"Initializing", "Waitting", "Processing"}),
        (Operation.CONFIRM_TASK, {"Initializing", "Waitting", "Processing"}),
        (Operation.RETRY_TASK, {"Processing", "PartialSuccess", "Fail"}),
        (Operation.DELETE_TASK, {"Success", "PartialSuccess", "Fail", "Stopped"}),
    ],
)
async def test_a_tasks_state_decides_what_may_be_done(
    vendor: ScriptedVendor, adapter: Any, operation: Operation, allowed: set[str]
) -> None:
    found = set()
    for state in STATES:
        vendor.answer(200, {"batchtask": {"task_id": TASK.key[0], "status": state, "task_type": "firmwareUpgrade"}})
        refusal = adapter.refusal(operation, await adapter.get_task(TASK), force=True)
        if refusal is None:
            found.add(state)
        else:
            assert isinstance(refusal, InvalidState)
            assert (refusal.vendor_status, refusal.needs_force) == (state, False)
    assert found == allowed


@pytest.mark.parametrize(
    ("operation", "allowed"),
    [
        (Operation.CANCEL_EXECUTION, {"Waitting", "Processing", "FailWaitRetry"}),
        (Operation.CONFIRM_TASK, {"Waitting"}),
        (Operation.RETRY_TASK, {"Fail", "FailWaitRetry", "Stopped"}),
    ],
)
async def test_a_devices_state_decides_what_may_be_done(
    vendor: ScriptedVendor, adapter: Any, operation: Operation, allowed: set[str]
) -> None:
    states = ["Waitting", "Processing", "FailWaitRetry", "Success", "Fail", "Stopped", "Removed"]
    details = [{"target": state, "status": state} for state in states]
    vendor.answer(200, {"batchtask": {"task_id": TASK.key[0]}, "task_details": details})
    page = await adapter.list_executions(TASK, None, PageRequest(50))
    free = {one.vendor_status for one in page.rows if adapter.refusal(operation, one, force=False) is None}
    assert free == allowed


async def test_deleting_a_running_task_is_refused_with_the_offer_to_cancel_it(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("task_running"))
    refusal = adapter.refusal(Operation.DELETE_TASK, await adapter.get_task(TASK), force=True)
    assert "cancel it first" in refusal.message


async def test_stop_and_retry_are_offered_for_the_documented_types_unless_the_operator_knows_better(
    vendor: ScriptedVendor, adapter_with: Callable[..., Any]
) -> None:
    vendor.answer(
        200, {"batchtask": {"task_id": TASK.key[0], "status": "Processing", "task_type": "moduleUpgrade"}}, when="GET"
    )
    plain, bold = adapter_with(), adapter_with(stoppable_task_types=["moduleUpgrade"])
    task = await plain.get_task(TASK)
    assert isinstance(plain.refusal(Operation.CANCEL_TASK, task, force=False), UnsupportedByVendor)
    assert isinstance(plain.refusal(Operation.RETRY_TASK, task, force=False), UnsupportedByVendor)
    assert plain.refusal(Operation.CONFIRM_TASK, task, force=False) is None
    assert bold.refusal(Operation.CANCEL_TASK, task, force=False) is None


async def test_a_state_nobody_knows_is_left_for_the_vendor_to_judge(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"batchtask": {"task_id": TASK.key[0], "status": "Dreaming"}})
    task = await adapter.get_task(TASK)
    assert adapter.refusal(Operation.DELETE_TASK, task, force=False) is None
    assert isinstance(adapter.refusal(Operation.UPDATE_TASK, task, force=False), UnsupportedByVendor)


async def test_deleting_a_package_tells_that_its_object_stays(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("package_with_its_file"))
    package = await adapter.get_package(PACKAGE)
    effects = adapter.side_effects(Operation.DELETE_PACKAGE, package, force=False)
    assert "stays in bucket abc as bbb/upgrade.bin" in effects[0]
    assert "KMS" in effects[1]


@pytest.mark.parametrize(
    ("kind", "key", "fits"),
    [
        (Kind.TASK, ("5c8ba99030344005c02316ad",), True),
        (Kind.TASK, ("5C8BA990",), False),
        (Kind.TASK, ("a" * 25,), False),
        (Kind.TASK, ("../batchtasks",), False),
        (Kind.PACKAGE, ("28f61af5-0fc9",), True),
        (Kind.PACKAGE, ("a" * 37,), False),
        (Kind.DEVICE, ("dev_1-x",), True),
        (Kind.DEVICE, ("product", "dev"), False),
        (Kind.EXECUTION, ("abc", "dev-1"), True),
        (Kind.EXECUTION, ("abc", "dev 1"), False),
        (Kind.EXECUTION, ("abc",), False),
    ],
)
def test_a_key_is_held_to_the_vendors_patterns(adapter: Any, kind: Kind, key: tuple[str, ...], fits: bool) -> None:
    ref = ObjectId(kind, "factory", key)
    if fits:
        adapter.check_key(ref)
    else:
        with pytest.raises(InvalidInput):
            adapter.check_key(ref)


def draft(**changes: Any) -> TaskDraft:
    return TaskDraft(**{"name": "wave_1", "targets": ("dev-1",), "package": PACKAGE, **changes})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": None}, ["name"]),
        ({"name": "with space"}, ["name"]),
        ({"name": "with-hyphen"}, ["name"]),
        ({"name": "x" * 129}, ["name"]),
        ({"package": None}, ["packageId"]),
        ({"targets": ()}, ["targets"]),
        ({"targets": ("a", "b", "c d")}, ["targets", "2"]),
        ({"targets": ("a",) * 30_001}, ["targets"]),
        ({"description": "d"}, ["description"]),
        ({"document": "{}"}, ["document"]),
        ({"s3_url": "s3://b/k"}, ["s3Url"]),
        ({"product_key": "p"}, ["productKey"]),
        ({"task_configuration_id": "c"}, ["taskConfigurationId"]),
        ({"vendor_options": {"speed": 9}}, ["vendorOptions", "speed"]),
        ({"vendor_options": {"need_confirm": "yes"}}, ["vendorOptions", "need_confirm"]),
        ({"vendor_options": {"retry_count": 6, "retry_interval": 1}}, ["vendorOptions", "retry_count"]),
        ({"vendor_options": {"retry_count": True, "retry_interval": 1}}, ["vendorOptions", "retry_count"]),
        ({"vendor_options": {"retry_count": 1}}, ["vendorOptions", "retry_interval"]),
        ({"vendor_options": {"retry_count": 1, "retry_interval": 1441}}, ["vendorOptions", "retry_interval"]),
        ({"vendor_options": {"task_mode": "DEVICE"}}, ["vendorOptions", "task_mode"]),
        ({"vendor_options": {"task_type": "deleteDevices"}}, ["vendorOptions", "task_type"]),
        ({"vendor_options": {"task_ext_info": {"k": "v" * 512}}}, ["vendorOptions", "task_ext_info"]),
        ({"vendor_options": {"app_id": "a b"}}, ["vendorOptions", "app_id"]),
        ({"targets": (), "vendor_options": {"targets_filter": {}}}, ["vendorOptions", "targets_filter"]),
        ({"vendor_options": {"targets_filter": {"group_ids": ["g"]}}}, ["vendorOptions", "targets_filter"]),
    ],
)
def test_a_draft_that_breaks_a_rule_is_told_where(adapter: Any, changes: dict[str, Any], path: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        adapter.check_draft(draft(**changes))
    assert refused.value.path == path
    assert refused.value.rule


@pytest.mark.parametrize(
    ("ahead", "fits"), [(timedelta(days=7), True), (timedelta(days=7, seconds=1), False), (timedelta(0), False)]
)
def test_a_start_lies_at_most_seven_days_ahead(adapter: Any, clock: Any, ahead: timedelta, fits: bool) -> None:
    wanted = draft(name="升级_1", scheduled_at=clock.at + ahead)
    if fits:
        adapter.check_draft(wanted)
    else:
        with pytest.raises(InvalidInput) as refused:
            adapter.check_draft(wanted)
        assert refused.value.path == ["scheduledAt"]


@pytest.mark.parametrize(
    "changes",
    [
        {"credentials": None},
        {"iam": {"domain": "d", "user": "u", "password": "hunter2"}},
        {"endpoint": "ftp://iotda"},
        {"signing": "v4"},
        {"task_types": []},
        {"credentials": {"access_key": "a", "secret_key": "hunter2", "color": "red"}},
    ],
)
def test_settings_that_cannot_work_are_refused_without_their_secrets(
    adapter_with: Callable[..., Any], changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as refused:
        adapter_with(**changes)
    assert "hunter2" not in str(refused.value)
