"""How long a vendor asks to wait, as far as it says so in a way that can be kept."""

import pytest

from gateway.vendorkit.aws.errors import refusal_of
from gateway.vendorkit.calls import VendorAnswer
from gateway.vendorkit.http import OpenGate, VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections


@pytest.fixture
async def http() -> VendorHttp:
    return VendorHttp(backend="fleet", base_url="http://127.0.0.1:9", client=KeptConnections(), gate=OpenGate())


@pytest.mark.parametrize(
    ("header", "value", "seconds"),
    [
        ("retry-after", "3", 3.0),
        ("retry-after", "0.5", 0.5),
        ("retry-after", "²", None),
        ("retry-after", "9" * 400, None),
        ("retry-after", "9" * 5000, None),
        ("retry-after", "-1", None),
        ("retry-after", "Wed, 21 Oct 2099 07:28:00 GMT", None),
        ("x-amz-retry-after", "1500", 1.5),
        ("x-amz-retry-after", "9" * 5000, None),
        ("x-amz-retry-after", "²", None),
    ],
)
async def test_what_is_no_number_of_seconds_is_not_waited_for(
    http: VendorHttp, header: str, value: str, seconds: float | None
) -> None:
    answer = VendorAnswer(status=429, headers={header: value}, body=b"")
    error = refusal_of(http, "ListJobs", answer, write=False)
    assert getattr(error, "retry_after_seconds", "no such") == seconds
