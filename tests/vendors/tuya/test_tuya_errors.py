"""Refusals and breakdowns, told in the gateway's own errors: by code, in any case, whatever the HTTP status."""

from typing import Any

import pytest

from gateway.domain.errors import BackendUnavailable, GatewayError, NotFound, OutcomeUnknown, Throttled, VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.package import Package
from gateway.domain.page import PageRequest
from tests.support.scripted_vendor import ScriptedVendor

TASK = ObjectId(Kind.TASK, "retail", ("1836340779212660001",))
PACKAGE = ObjectId(Kind.PACKAGE, "retail", ("167",))


@pytest.fixture
async def package(vendor: ScriptedVendor, adapter: Any) -> Package:
    vendor.answer(200, {"success": True, "firmwareInfo": {"firmwareId": "167"}})
    found: Package = await adapter.get_package(PACKAGE)
    return found


@pytest.mark.parametrize(
    ("status", "code", "read", "write"),
    [
        (200, "iot.common.InvalidPageParams", VendorRejected, VendorRejected),
        (200, "iot.system.IllegalRequest", VendorRejected, VendorRejected),
        (200, "Iot.system.BillIsOverDue", VendorRejected, VendorRejected),
        (200, "iot.system.InstanceNotFound", VendorRejected, VendorRejected),
        (400, "SignatureDoesNotMatch", VendorRejected, VendorRejected),
        (400, "InvalidAccessKeyId.NotFound", VendorRejected, VendorRejected),
        (400, "MissingFirmwareId", VendorRejected, VendorRejected),
        (404, "InvalidApi.NotFound", VendorRejected, VendorRejected),
        (200, "iot.ota.FirmwareNotFound", NotFound, NotFound),
        (400, "IOT.OTA.FIRMWARENOTFOUND", NotFound, NotFound),
        (400, "Throttling.User", Throttled, Throttled),
        (200, "throttling.api", Throttled, Throttled),
        (429, "", Throttled, Throttled),
        (200, "iot.system.SystemException", BackendUnavailable, OutcomeUnknown),
        (200, "Tot.System.SYSTEMEXCEPTION", BackendUnavailable, OutcomeUnknown),
        (503, "ServiceUnavailable", BackendUnavailable, OutcomeUnknown),
        (500, "", BackendUnavailable, OutcomeUnknown),
    ],
)
async def test_a_code_means_the_same_in_any_case_and_member_spelling(
    vendor: ScriptedVendor,
    adapter: Any,
    package: Package,
    status: int,
    code: str,
    read: type[GatewayError],
    write: type[GatewayError],
) -> None:
    for body in (
        {"code": code, "errorMessage": "no", "requestId": "r-1", "success": False},
        {"Code": code, "Message": "no", "RequestId": "r-1", "Success": False},
    ):
        vendor.answer(status, body)
        with pytest.raises(read):
            await adapter.list_packages(PageRequest(1))
        vendor.answer(status, body)
        with pytest.raises(write) as refused:
            await adapter.delete_package(package)
        assert refused.value.backend == "retail"
        assert "testsecret" not in str(refused.value)
        assert "Signature=" not in str(refused.value)


async def test_the_vendors_own_words_are_carried(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"code": "iot.x.Y", "errorMessage": "not today", "requestId": "r-1", "success": False})
    vendor.answer(400, {"Code": "SignatureDoesNotMatch", "Message": "bad", "RequestId": "r-2"})
    with pytest.raises(VendorRejected) as first:
        await adapter.probe()
    with pytest.raises(VendorRejected, match="Check the access key") as second:
        await adapter.probe()
    found = [(one.value.vendor_code, one.value.vendor_message, one.value.request_id) for one in (first, second)]
    assert found == [("iot.x.Y", "not today", "r-1"), ("SignatureDoesNotMatch", "bad", "r-2")]
    assert (first.value.http_status, second.value.http_status) == (200, 400)


@pytest.mark.parametrize("body", ["<html>ok</html>", "", "[]", "{}", '{"data": []}', '{"success": tr'])
async def test_a_200_that_does_not_say_success_is_none(
    vendor: ScriptedVendor, adapter: Any, package: Package, body: str
) -> None:
    vendor.answer(200, body)
    with pytest.raises(VendorRejected, match="cannot be read"):
        await adapter.list_packages(PageRequest(1))
    vendor.answer(200, body)
    with pytest.raises(OutcomeUnknown):
        await adapter.delete_package(package)


async def test_what_does_not_exist_reads_as_none(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"success": False, "code": "iot.ota.FirmwareNotFound"}, when="GET")
    assert await adapter.get_task(TASK) is None
    assert await adapter.get_package(PACKAGE) is None
    assert await adapter.find_executions(TASK, ["d1"]) == [None]
    assert (await adapter.list_executions(TASK, None, PageRequest(10))).rows == []


async def test_an_empty_answer_to_a_single_read_is_none_too(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"success": True, "code": "", "data": None}, when="GET")
    assert await adapter.get_task(TASK) is None


async def test_the_operator_may_name_further_codes_of_what_does_not_exist(
    vendor: ScriptedVendor, adapter_with: Any
) -> None:
    vendor.answer(200, {"success": False, "code": "iot.job.Gone"}, when="GET")
    with pytest.raises(VendorRejected):
        await adapter_with().get_task(TASK)
    assert await adapter_with(not_found_codes=["IOT.job.gone"]).get_task(TASK) is None


async def test_a_lost_answer_to_a_change_is_unknown_and_never_repeated(
    vendor: ScriptedVendor, adapter: Any, package: Package
) -> None:
    vendor.hang_up()
    with pytest.raises(OutcomeUnknown):
        await adapter.delete_package(package)
    assert len(vendor.requests) == 2


@pytest.mark.parametrize("body", ["{}", '{"success": null, "code": null}', '{"success": "", "code": ""}', "<html>", ""])
async def test_a_change_whose_answer_says_neither_yes_nor_no_may_have_been_made(
    vendor: ScriptedVendor, adapter: Any, package: Package, body: str
) -> None:
    vendor.answer(200, body)
    with pytest.raises(OutcomeUnknown):
        await adapter.delete_package(package)
    vendor.answer(200, body)
    with pytest.raises(VendorRejected):
        await adapter.list_packages(PageRequest(10))


@pytest.mark.parametrize("body", [{"success": False}, {"success": "false"}, {"success": None, "code": "iot.x"}])
async def test_a_no_is_a_no_with_a_code_or_without(
    vendor: ScriptedVendor, adapter: Any, package: Package, body: dict[str, object]
) -> None:
    vendor.answer(200, body)
    with pytest.raises(VendorRejected):
        await adapter.delete_package(package)
