"""The vectors that the vendor's own SDK signer produced, byte for byte as they leave for the wire."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.vendorkit.http import SignedCall, VendorHttp
from gateway.vendors.huawei_iotda.signing import AccessKeySigner, canonical_request, query_string
from tests.support.scripted_vendor import ScriptedVendor

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
P = f"/v5/iot/{PROJECT}"
BASIC = "iotda.cn-north-4.myhuaweicloud.com"
STD = "9bc34xxxxx.st1.iotda-app.cn-north-4.myhuaweicloud.com"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CT = {"Content-Type": "application/json"}
PID = {"X-Project-Id": PROJECT}
INSTANCE = {"Instance-Id": "0f0a1b2c-1111-2222-3333-444455556666"}
TASKS = [("task_type", "firmwareUpgrade"), ("limit", "50"), ("offset", "0")]


@dataclass(frozen=True)
class Vector:
    name: str
    method: str
    path: str
    digest: str
    signature: str
    host: str = BASIC
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: CT | PID)
    body: bytes | None = None


VECTORS = [
    Vector(
        "V1",
        "GET",
        f"{P}/batchtasks",
        "2893bdad5b26e7b98a98d52f60160eccb1cbaae4af96429ddf0469849b6488cc",
        "24db7e3774d1ad9ee3a52567d0f90830dea6c2e35160688b4e9dee68949a0cfb",
        query=TASKS,
    ),
    Vector(
        "V2",
        "POST",
        f"{P}/batchtasks/5c8ba99030344005c02316ad/stop",
        "c269d699e75e076cdee14a706e922b5107192182a17ac4031e5b96e097516bb2",
        "f09f3ee24aceaec541a3f7616dab29199cbd71816e9e6498c55a79eb193e1423",
        body=b"{}",
    ),
    Vector(
        "V3",
        "DELETE",
        f"{P}/ota-upgrades/packages/28f61af50fc9452aa0ed5ea25c3cc3d3",
        "b306fe31a4687aef44f53caedc94d583cd95343be6573e52fb7727ede8f7d13f",
        "0d5761d718916b36da96cc1f8845095595eeeb5f9652fdd0f6479863ecec4635",
    ),
    Vector(
        "V4",
        "GET",
        f"{P}/devices",
        "102b014f798e5de630b6a60c33527cc397da316077408c11553c7870b6e67a83",
        "1d2eee63e0fc46392976fed75addf2524004450d04a5dde7f1aabfdb81724302",
        query=[("device_name", "a b#中~*+/"), ("is_cascade_query", "true"), ("limit", "5")],
        headers=PID,
    ),
    Vector(
        "V5",
        "GET",
        f"{P}/batchtasks",
        "7e266e7b7cfd349e073bdd022a991a165e094675c24ca4100db84ad4fef9f863",
        "1a83f7908f85044a68272ed4973ee8d7419b6f66e3e0121f3fac707d62012397",
        host=STD,
        query=TASKS,
        headers=CT | PID | INSTANCE,
    ),
    Vector(
        "V6",
        "POST",
        f"{P}/batchtasks",
        "4ac2ee909439dce9a66253cd9b4968b1e76c0e510d28ce44e5f87da1d605e851",
        "ba75782d9dc541bdd43aef055641a4d2be45b8e73f32153630c3002625556c74",
        host=STD,
        body=(
            '{"task_name":"升级_1","task_type":"firmwareUpgrade","targets":["dev-1"],'
            '"document":{"package_ids":["32822e5744a45ede319d2c50"]}}'
        ).encode(),
    ),
    Vector(
        "V7",
        "GET",
        f"{P}/batchtasks/5c8ba99030344005c02316ad",
        "0a8589ff760d75094159cc05c38d190559ff7a91d85a4c20e4f3bc9e92f693f0",
        "456c087d707bb1583e304ee7a0a97c4a2815bb165bb36fc5419ffefe627ddc28",
        headers={},
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
async def test_a_signed_request_reaches_the_wire_as_the_vendors_signer_would_send_it(
    vendor: ScriptedVendor, http_to: Callable[[str], VendorHttp], vector: Vector
) -> None:
    region = "cn-north-4" if vector.host == STD else None
    signer = AccessKeySigner(
        access_key="AKEXAMPLE0123456789",
        secret_key="SKexample0123456789abcdefghijklmnopqrstuv",
        host=vector.host,
        region=region,
    )
    vendor.answer()

    async def sign() -> SignedCall:
        return signer.sign(vector.method, vector.path, vector.query, headers=vector.headers, body=vector.body, at=AT)

    await http_to(f"https://{vector.host}").send(vector.name, sign, lambda answer: answer)

    sent = vendor.requests[0]
    names = sorted([name.lower() for name in vector.headers] + ["host", "x-sdk-date"])
    scheme = (
        f"V11-HMAC-SHA256 Credential=AKEXAMPLE0123456789/20260102/{region}/iotdm"
        if region
        else "SDK-HMAC-SHA256 Access=AKEXAMPLE0123456789"
    )
    signed = f"SignedHeaders={';'.join(names)}, Signature={vector.signature}"
    assert sent.headers["authorization"] == f"{scheme}, {signed}"
    assert (sent.method, sent.body) == (vector.method, vector.body or b"")
    path, _, query = sent.target.partition("?")
    assert path == vector.path
    received = canonical_request(sent.method, path, query, {name: sent.headers[name] for name in names}, sent.body)
    assert hashlib.sha256(received.encode()).hexdigest() == vector.digest


@pytest.mark.parametrize("region", [None, "cn-north-4"])
def test_a_signer_that_is_used_for_days_signs_as_a_new_one(region: str | None) -> None:
    def signer() -> AccessKeySigner:
        return AccessKeySigner(access_key="AKEXAMPLE", secret_key="SKexample", host=STD, region=region)

    old = signer()
    for at in (AT, AT + timedelta(days=1), AT + timedelta(days=1, seconds=1), AT):
        assert old.sign("GET", f"{P}/batchtasks", headers=CT, at=at) == signer().sign(
            "GET", f"{P}/batchtasks", headers=CT, at=at
        )


async def test_the_adapters_own_stop_is_the_vector_of_the_vendors_signer(
    vendor: ScriptedVendor, adapter_named: Callable[..., Any], situation: Callable[[str], Any]
) -> None:
    adapter = adapter_named(f"https://{BASIC}")
    vendor.answer(200, situation("task_running"))
    vendor.answer(200, {"targets": []})

    task = await adapter.get_task(adapter.task_ref("5c8ba99030344005c02316ad"))
    await adapter.cancel_task(task, force=False, reason=None)

    assert vendor.requests[1].headers["authorization"].endswith(VECTORS[1].signature)
    assert vendor.requests[1].body == b"{}"


def test_the_awkward_query_is_encoded_as_the_vendor_prints_it() -> None:
    query = [("limit", "5"), ("device_name", "a b#中~*+/"), ("is_cascade_query", "true")]
    assert query_string(query) == "device_name=a%20b%23%E4%B8%AD~%2A%2B%2F&is_cascade_query=true&limit=5"


@pytest.mark.parametrize(
    ("endpoint", "signing", "scheme"),
    [
        (f"https://{BASIC}", None, "SDK-HMAC-SHA256"),
        (f"https://{STD}", None, "V11-HMAC-SHA256"),
        (f"https://{BASIC}", "derived", "V11-HMAC-SHA256"),
        (f"https://{STD}", "plain", "SDK-HMAC-SHA256"),
    ],
)
async def test_the_host_decides_the_algorithm_unless_the_operator_does(
    vendor: ScriptedVendor, adapter_named: Callable[..., Any], endpoint: str, signing: str | None, scheme: str
) -> None:
    vendor.answer(200, {"batchtasks": []})
    await adapter_named(endpoint, signing=signing).probe()
    assert vendor.requests[0].headers["authorization"].startswith(scheme)


async def test_a_temporary_key_sends_and_signs_its_session_token(
    vendor: ScriptedVendor, adapter_with: Callable[..., Any]
) -> None:
    vendor.answer(200, {"batchtasks": []})
    credentials = {"access_key": "AK", "secret_key": "SK", "security_token": "session"}
    await adapter_with(credentials=credentials, instance_id="0f0a1b2c").probe()

    headers = vendor.requests[0].headers
    assert headers["x-security-token"] == "session"
    assert "content-type;host;instance-id;x-project-id;x-sdk-date;x-security-token" in headers["authorization"]
