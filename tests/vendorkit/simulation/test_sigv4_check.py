"""The signature check against requests that botocore signed, recorded with a fixed clock."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.vendorkit.simulation.answers import WireRequest
from gateway.vendorkit.simulation.sigv4_check import SigV4Check, canonical_request, signed_region

SIGNED_AT = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)
VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "sigv4_vectors.json").read_text())


def check(service: str = "iot", **options: Any) -> SigV4Check:
    key = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    return SigV4Check(service=service, **{**key, "now": lambda: SIGNED_AT, **options})


def request(vector: dict[str, Any], **changes: Any) -> WireRequest:
    path, _, query = vector["target"].partition("?")
    given = {
        "method": vector["method"], "raw_path": path, "raw_query": query, "body": vector["body"].encode(),
        "headers": {name.lower(): value for name, value in vector["headers"].items()},
    }  # fmt: skip
    return WireRequest(**{**given, **changes})


def named(title: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if title in vector["name"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_request_signed_by_botocore_is_accepted(vector: dict[str, Any]) -> None:
    assert check(vector["name"].partition(":")[0]).problem(request(vector)) is None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_same_request_with_another_secret_is_refused(vector: dict[str, Any]) -> None:
    problem = check(vector["name"].partition(":")[0], secret_key="other").problem(request(vector))
    assert problem is not None
    assert (problem.status, problem.code) == (403, "InvalidSignatureException")


def test_the_path_is_escaped_a_second_time_before_it_is_signed() -> None:
    text = canonical_request(request(named("thing name with a colon")), ["host", "x-amz-date"])
    assert text.splitlines()[1:3] == ["/things/dev%253A02/jobs/fw-2-1-0", "executionNumber=1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "POST"},
        {"raw_path": "/jobs/other/cancel"},
        {"raw_query": "force=true"},
        {"body": b'{"reasonCode": "X"}'},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_request_changed_on_its_way_is_refused(changes: dict[str, Any]) -> None:
    problem = check().problem(request(named("custom endpoint"), **changes))
    assert problem is not None
    assert problem.code == "InvalidSignatureException"


@pytest.mark.parametrize("header", ["host", "content-type", "x-amz-date", "x-amz-security-token"])
def test_a_signed_header_that_is_changed_is_refused(header: str) -> None:
    vector = named("ListJobs with a session token") if header == "x-amz-security-token" else named("custom endpoint")
    whole = request(vector)
    changed = {**whole.headers, header: "20250115T120100Z"}
    problem = check().problem(request(vector, headers=changed))
    assert problem is not None
    assert problem.code == "InvalidSignatureException"


def test_a_session_token_that_is_not_signed_is_refused() -> None:
    vector = named("iot: DescribeJob")
    headers = {**request(vector).headers, "x-amz-security-token": "smuggled"}
    problem = check().problem(request(vector, headers=headers))
    assert problem is not None
    assert problem.code == "IncompleteSignature"


@pytest.mark.parametrize(
    ("minutes", "code"), [(14, None), (-14, None), (16, "RequestExpired"), (-16, "RequestExpired")]
)
def test_a_clock_may_be_off_by_a_quarter_of_an_hour(minutes: int, code: str | None) -> None:
    problem = check(now=lambda: SIGNED_AT + timedelta(minutes=minutes)).problem(request(VECTORS[0]))
    assert (problem.code if problem else None) == code


def test_another_access_key_is_not_recognised() -> None:
    problem = check(access_key="AKIDOTHER").problem(request(VECTORS[0]))
    assert problem is not None
    assert (problem.status, problem.code) == (403, "UnrecognizedClientException")


@pytest.mark.parametrize("service", ["execute-api", "iotmanagedintegrations", "iotdata"])
def test_a_signature_for_another_service_is_refused(service: str) -> None:
    problem = check(service).problem(request(VECTORS[0]))
    assert problem is not None
    assert (problem.status, problem.code) == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "MissingAuthenticationTokenException"),
        ("", "MissingAuthenticationTokenException"),
        ("Bearer abc", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, Signature=1", "IncompleteSignature"),
    ],
)
def test_a_request_without_a_readable_signature_is_refused(authorization: str | None, code: str) -> None:
    headers = {name: value for name, value in request(VECTORS[0]).headers.items() if name != "authorization"}
    if authorization is not None:
        headers["authorization"] = authorization
    problem = check().problem(request(VECTORS[0], headers=headers))
    assert problem is not None
    assert (problem.status, problem.code) == (403, code)


def test_the_region_is_the_one_the_request_was_signed_for() -> None:
    assert signed_region(request(VECTORS[0])) == "us-east-1"
    assert signed_region(request(VECTORS[0], headers={})) is None
