"""The published vectors, byte for byte on the wire, and what makes each call its own."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.vendors.tuya.caller import new_nonce
from tests.support.scripted_vendor import ScriptedVendor


async def test_t1_the_documented_cancel(vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]) -> None:
    vendor.answer(200, situation("done"))
    package = ObjectId(Kind.PACKAGE, "retail", ("168",))

    await adapter.cancel_package_executions(package, "k1nhvyl0001", ["testDevice1", "testDevice2"])

    assert vendor.lines == [
        "GET /?AccessKeyId=testid&Action=CancelOTATaskByDevice&DeviceName.1=testDevice1&DeviceName.2=testDevice2"
        "&FirmwareId=168&ProductKey=k1nhvyl0001&SignatureMethod=HMAC-SHA1"
        "&SignatureNonce=9e6189124f5a4716ad2de849467b0001&Timestamp=2024-11-19T09%3A47%3A43Z"
        "&Signature=ngLYkWk%2Fxxp%2B4zdm0sv2tTVkA5w%3D"
    ]
    assert vendor.requests[0].body == b""


async def test_t2_with_extra_parameters_signed_too(
    vendor: ScriptedVendor, adapter_with: Callable[..., Any], situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("device_tasks_one_page"))
    extra = {"SignatureVersion": "1.0", "Version": "2018-01-20", "Format": "JSON"}
    adapter = adapter_with(first_nonce=2, extra_params=extra)
    task = ObjectId(Kind.TASK, "retail", ("1836340779212660001",))

    await adapter.list_executions(task, frozenset({ExecutionStatus.IN_PROGRESS}), PageRequest(10))

    query = parse_qs(vendor.requests[0].target.partition("?")[2])
    assert query["Signature"] == ["8YVBpg09dhSLMs4gvWb8deAeRiY="]


async def test_eleven_names_are_signed_in_the_order_of_their_text(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("done"))
    package = ObjectId(Kind.PACKAGE, "retail", ("168",))
    await adapter.cancel_package_executions(package, "k", [f"d {number}*" for number in range(1, 12)])
    target = vendor.requests[0].target
    assert target.index("DeviceName.10=") < target.index("DeviceName.2=")
    assert "DeviceName.11=d%2011%2A" in target


async def test_each_call_has_a_nonce_of_its_own(
    vendor: ScriptedVendor, adapter: Any, situation: Callable[[str], Any]
) -> None:
    vendor.answer(200, situation("packages_one_page"), when="GET")
    await adapter.probe()
    await adapter.probe()
    nonces = [parse_qs(sent.target.partition("?")[2])["SignatureNonce"][0] for sent in vendor.requests]
    assert len(set(nonces)) == 2


def test_nonces_are_never_the_same() -> None:
    found = {new_nonce() for _ in range(100)}
    assert len(found) == 100
    assert all(len(nonce) == 32 for nonce in found)


@pytest.mark.parametrize("taken", ["Action", "Signature", "Timestamp", "SignatureNonce"])
def test_extra_parameters_cannot_replace_the_gateways_own(adapter_with: Callable[..., Any], taken: str) -> None:
    with pytest.raises(ValidationError, match="sets"):
        adapter_with(extra_params={taken: "x"})
