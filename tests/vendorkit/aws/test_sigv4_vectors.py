"""The signature of every worked example, byte for byte: requests that botocore made with a fixed clock."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.vendorkit.aws.signing import SignatureV4
from tests.support.aws_backends import ACCESS_KEY, NOON, SECRET_KEY

VECTORS = Path(__file__).parent / "vectors"
CASES = [
    pytest.param(case, service, region, id=f"{service}: {case['name']}")
    for file, service, region in (
        ("aws_iot", "iot", "us-east-1"),
        ("aws_managed_integrations", "iotmanagedintegrations", "eu-west-1"),
    )
    for case in json.loads((VECTORS / f"{file}.json").read_text())
]


def sign(case: dict[str, Any], service: str, region: str, scheme: str) -> dict[str, str]:
    given = case["headers"]
    body = case["body"].encode() if case["body"] is not None else None
    keys = SimpleNamespace(access_key=ACCESS_KEY, secret_key=SECRET_KEY, token=given.get("X-Amz-Security-Token"))
    signature = SignatureV4(service=service, region=region, base_url=f"{scheme}://{given['Host']}")
    return signature.headers(keys, case["method"], case["target"], body, NOON)


def test_there_is_a_vector_for_every_worked_example() -> None:
    assert len(CASES) == 52


@pytest.mark.parametrize(("case", "service", "region"), CASES)
def test_the_signature_is_the_one_botocore_makes(case: dict[str, Any], service: str, region: str) -> None:
    scheme = "http" if ":" in case["headers"]["Host"] else "https"

    headers = sign(case, service, region, scheme)

    assert headers["Authorization"] == case["headers"]["Authorization"]
    assert headers["X-Amz-Date"] == case["headers"]["X-Amz-Date"]
    assert headers.get("X-Amz-Security-Token") == case["headers"].get("X-Amz-Security-Token")
