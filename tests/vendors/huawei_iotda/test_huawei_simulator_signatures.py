"""The simulated IoTDA's signature check against requests that the vendor's signer signed (SDK core 3.1.219)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from gateway.vendorkit.simulation.answers import WireRequest
from gateway.vendors.huawei_iotda.simulator.refusals import Refused
from gateway.vendors.huawei_iotda.simulator.signature import SignatureCheck

AK, SK = "AKEXAMPLE0123456789", "SKexample0123456789abcdefghijklmnopqrstuv"
PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
P = f"/v5/iot/{PROJECT}"
BASIC = "iotda.cn-north-4.myhuaweicloud.com"
STANDARD = "9bc34xxxxx.st1.iotda-app.cn-north-4.myhuaweicloud.com"
DATE = "20260102T030405Z"
SIGNED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCOPE = "20260102/cn-north-4/iotdm"
CT = {"content-type": "application/json"}
PID = {"x-project-id": PROJECT}
INSTANCE = {"instance-id": "0f0a1b2c-1111-2222-3333-444455556666"}
V6_BODY = (
    '{"task_name":"升级_1","task_type":"firmwareUpgrade","targets":["dev-1"],'
    '"document":{"package_ids":["32822e5744a45ede319d2c50"]}}'
)


class Vector(NamedTuple):
    name: str
    method: str
    path: str
    query: str
    host: str
    extra: dict[str, str]
    body: str
    signature: str


VECTORS = [
    Vector("V1", "GET", f"{P}/batchtasks", "task_type=firmwareUpgrade&limit=50&offset=0", BASIC, {**CT, **PID}, "",
           "24db7e3774d1ad9ee3a52567d0f90830dea6c2e35160688b4e9dee68949a0cfb"),
    Vector("V2", "POST", f"{P}/batchtasks/5c8ba99030344005c02316ad/stop", "", BASIC, {**CT, **PID}, "{}",
           "f09f3ee24aceaec541a3f7616dab29199cbd71816e9e6498c55a79eb193e1423"),
    Vector("V3", "DELETE", f"{P}/ota-upgrades/packages/28f61af50fc9452aa0ed5ea25c3cc3d3", "", BASIC, {**CT, **PID}, "",
           "0d5761d718916b36da96cc1f8845095595eeeb5f9652fdd0f6479863ecec4635"),
    Vector("V4", "GET", f"{P}/devices", "device_name=a%20b%23%E4%B8%AD~%2A%2B/&is_cascade_query=true&limit=5", BASIC,
           PID, "", "1d2eee63e0fc46392976fed75addf2524004450d04a5dde7f1aabfdb81724302"),
    Vector("V5", "GET", f"{P}/batchtasks", "task_type=firmwareUpgrade&limit=50&offset=0", STANDARD,
           {**CT, **PID, **INSTANCE}, "", "1a83f7908f85044a68272ed4973ee8d7419b6f66e3e0121f3fac707d62012397"),
    Vector("V6", "POST", f"{P}/batchtasks", "", STANDARD, {**CT, **PID}, V6_BODY,
           "ba75782d9dc541bdd43aef055641a4d2be45b8e73f32153630c3002625556c74"),
    Vector("V7", "GET", f"{P}/batchtasks/5c8ba99030344005c02316ad", "", BASIC, {}, "",
           "456c087d707bb1583e304ee7a0a97c4a2815bb165bb36fc5419ffefe627ddc28"),
]  # fmt: skip


def request_of(vector: Vector) -> WireRequest:
    headers = {"host": vector.host, "x-sdk-date": DATE, **vector.extra}
    names = ";".join(sorted(headers))
    derived = vector.host == STANDARD
    start = f"V11-HMAC-SHA256 Credential={AK}/{SCOPE}" if derived else f"SDK-HMAC-SHA256 Access={AK}"
    headers["authorization"] = f"{start}, SignedHeaders={names}, Signature={vector.signature}"
    headers["user-agent"] = "not signed"
    return WireRequest(
        method=vector.method, raw_path=vector.path, raw_query=vector.query, headers=headers, body=vector.body.encode()
    )


def refused(request: WireRequest, *, now: datetime = SIGNED_AT, check: SignatureCheck | None = None) -> str:
    with pytest.raises(Refused) as caught:
        (check or SignatureCheck(AK, SK)).check(request, now)
    assert caught.value.status == 401
    return caught.value.code


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_vendors_signatures_are_accepted(vector: Vector) -> None:
    SignatureCheck(AK, SK).check(request_of(vector), SIGNED_AT)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_change_anywhere_is_refused(vector: Vector) -> None:
    good = request_of(vector)
    for changed in (
        replace(good, method="PUT"),
        replace(good, raw_path=good.raw_path + "0"),
        replace(good, raw_query=good.raw_query + "&x=1"),
        replace(good, body=good.body + b" "),
        replace(good, headers={**good.headers, "host": "elsewhere"}),
    ):
        assert refused(changed) == "APIGW.0301"


def test_another_secret_or_access_key_is_refused() -> None:
    request = request_of(VECTORS[0])
    assert refused(request, check=SignatureCheck(AK, SK + "x")) == "APIGW.0301"
    assert refused(request, check=SignatureCheck("AKOTHER", SK)) == "APIGW.0301"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_date_more_than_fifteen_minutes_off_is_refused(minutes: int) -> None:
    assert refused(request_of(VECTORS[0]), now=SIGNED_AT + timedelta(minutes=minutes)) == "APIGW.0301"


@pytest.mark.parametrize("minutes", [-15, 15])
def test_a_date_fifteen_minutes_off_is_accepted(minutes: int) -> None:
    SignatureCheck(AK, SK).check(request_of(VECTORS[0]), SIGNED_AT + timedelta(minutes=minutes))


def test_a_derived_instance_takes_derived_signatures_only() -> None:
    check = SignatureCheck(AK, SK, derived_only=True)
    check.check(request_of(VECTORS[4]), SIGNED_AT)
    assert refused(request_of(VECTORS[0]), check=check) == "IOTDA.000002"


@pytest.mark.parametrize("header", ["", "Bearer x", "SDK-HMAC-SHA256 Access=a", "SDK-HMAC-SHA256 Access=é, x"])
def test_an_authorization_that_is_none_of_the_vendors_is_refused(header: str) -> None:
    good = request_of(VECTORS[0])
    assert refused(replace(good, headers={**good.headers, "authorization": header})) == "APIGW.0301"


def test_a_signed_header_that_did_not_come_is_refused() -> None:
    good = request_of(VECTORS[0])
    headers = {name: value for name, value in good.headers.items() if name != "x-project-id"}
    assert refused(replace(good, headers=headers)) == "APIGW.0301"
