"""Refusals and breakdowns, told in the gateway's own errors, by HTTP status first."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.errors import BackendUnavailable, GatewayError, NotFound, OutcomeUnknown, Throttled, VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.task import Task
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "factory", ("5c8ba99030344005c02316ad",))
PACKAGE = ObjectId(Kind.PACKAGE, "factory", ("28f61af50fc9452aa0ed5ea25c3cc3d3",))
SECRET = "SKexample0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
async def task(vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]) -> Task:
    vendor.answer(200, situation("task_running"))
    found: Task = await adapter.get_task(TASK)
    return found


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (400, VendorRejected, VendorRejected),
        (401, VendorRejected, VendorRejected),
        (403, VendorRejected, VendorRejected),
        (409, VendorRejected, VendorRejected),
        (429, Throttled, Throttled),
        (500, BackendUnavailable, OutcomeUnknown),
        (502, BackendUnavailable, OutcomeUnknown),
        (503, BackendUnavailable, OutcomeUnknown),
    ],
)
async def test_a_status_means_the_same_whatever_the_body(
    vendor: ScriptedVendor, adapter: Any, task: Task, status: int, read: type[GatewayError], write: type[GatewayError]
) -> None:
    for body in ({"error_code": "IOTDA.013005", "error_msg": "no"}, "<html>no</html>", ""):
        vendor.answer(status, body)
        with pytest.raises(read):
            await adapter.list_tasks(PageRequest(1))
        vendor.answer(status, body)
        with pytest.raises(write) as refused:
            await adapter.delete_task(task, force=False)
        assert refused.value.backend == "factory"
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"error_code": "IOTDA.990404", "error_msg": "The task does not exist."}, True),
        ({"error_code": "APIGW.0101", "error_msg": "The API does not exist"}, False),
        ("<html>no such page</html>", False),
        ("", False),
        ("{}", False),
    ],
)
async def test_only_the_vendor_itself_says_that_an_object_is_missing(
    vendor: ScriptedVendor, adapter: Any, task: Task, body: object, missing: bool
) -> None:
    vendor.answer(404, body)
    if missing:
        assert await adapter.get_task(TASK) is None
    else:
        with pytest.raises(VendorRejected):
            await adapter.get_task(TASK)
    vendor.answer(404, body)
    with pytest.raises(NotFound if missing else VendorRejected):
        await adapter.delete_task(task, force=False)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error_code": "IOTDA.013005", "error_msg": "The format"}, "IOTDA.013005", "The format"),
        ({"errorCode": "X.1", "errorMsg": "camel"}, "X.1", "camel"),
        ({"code": 7, "message": "number"}, "7", "number"),
        ({}, None, None),
        ([], None, None),
        ("<html>", None, None),
    ],
)
async def test_the_vendors_code_and_text_are_carried_as_they_came(
    vendor: ScriptedVendor, adapter: Any, body: object, code: str | None, text: str | None
) -> None:
    vendor.answer(400, body)
    with pytest.raises(VendorRejected) as refused:
        await adapter.list_tasks(PageRequest(1))
    error = refused.value
    assert (error.http_status, error.vendor_code, error.vendor_message) == (400, code, text)


async def test_the_request_id_is_found_in_header_or_body(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(403, {"error_code": "APIGW.0302", "request_id": "in-body"})
    vendor.answer(403, {"error_code": "APIGW.0302", "request_id": "in-body"}, headers={"X-Request-Id": "in-header"})
    found = []
    for _ in range(2):
        with pytest.raises(VendorRejected) as refused:
            await adapter.probe()
        found.append(refused.value.request_id)
    assert found == ["in-body", "in-header"]


@pytest.mark.parametrize("code", ["APIGW.0301", "IOTDA.000002"])
async def test_a_refused_signature_says_what_to_check(vendor: ScriptedVendor, adapter: Any, code: str) -> None:
    vendor.answer(401, {"error_code": code, "error_msg": "verify aksk signature fail"})
    with pytest.raises(VendorRejected, match="Check the credentials, the clock") as refused:
        await adapter.probe()
    assert "signing" in refused.value.message
    assert len(vendor.requests) == 1


async def test_what_does_not_exist_reads_as_none(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(404, {"error_code": "IOTDA.x"}, when="GET")
    assert await adapter.get_task(TASK) is None
    assert await adapter.get_package(PACKAGE) is None
    assert await adapter.find_executions(TASK, ["dev-1"]) == [None]
    assert (await adapter.list_executions(TASK, None, PageRequest(10))).rows == []


async def test_a_throttled_call_says_how_long_to_wait(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(429, {}, headers={"Retry-After": "3"})
    with pytest.raises(Throttled) as refused:
        await adapter.probe()
    assert refused.value.retry_after_seconds == 3


async def test_a_lost_answer_to_a_change_is_unknown_and_never_repeated(
    vendor: ScriptedVendor, adapter: Any, task: Task
) -> None:
    vendor.hang_up()
    with pytest.raises(OutcomeUnknown):
        await adapter.delete_task(task, force=False)
    assert [sent.method for sent in vendor.requests] == ["GET", "DELETE"]


async def test_an_accepted_change_with_an_unreadable_answer_is_unknown(
    vendor: ScriptedVendor, adapter: Any, task: Task
) -> None:
    vendor.answer(200, "<html>")
    with pytest.raises(OutcomeUnknown):
        await adapter.cancel_task(task, force=False, reason=None)
