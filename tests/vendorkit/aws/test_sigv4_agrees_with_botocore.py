"""Whatever is called, with whatever keys and whenever: our signature is botocore's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vendorkit.aws.rest_json import path, target
from gateway.vendorkit.aws.signing import SignatureV4

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LABELS = st.lists(TEXT.filter(lambda label: label not in {"", ".", ".."}), min_size=1, max_size=5)
QUERIES = st.dictionaries(TEXT, TEXT | st.integers() | st.booleans() | st.none(), max_size=5)
WORDS = st.text("abcXYZ019+/=", min_size=1, max_size=40)
KEYS = st.builds(SimpleNamespace, access_key=WORDS, secret_key=WORDS, token=st.none() | WORDS)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9))])
MOMENTS = st.builds(datetime.fromtimestamp, st.floats(1e6, 4e9), ZONES)
URLS = st.sampled_from(
    [
        "https://iot.eu-west-1.amazonaws.com",
        "https://IOT.us-east-1.amazonaws.com:443",
        "http://127.0.0.1:4566",
        "http://[::1]:80",
        "https://[2001:db8::1]:8443",
    ]
)
REQUESTS = st.tuples(st.sampled_from(["GET", "PUT", "PATCH", "DELETE"]), LABELS, QUERIES, st.none() | st.binary())


def by_botocore(keys: SimpleNamespace, method: str, url: str, body: bytes | None, now: datetime) -> Mapping[str, str]:
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    request = AWSRequest(method, url, {} if body is None else {"Content-Type": "application/json"}, body or b"")
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    if keys.token:
        request.headers["X-Amz-Security-Token"] = keys.token
    signer = SigV4Auth(keys, "iot", "eu-west-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return dict(request.headers.items())


@settings(max_examples=500, deadline=None)
@given(url=URLS, calls=st.lists(st.tuples(KEYS, REQUESTS, MOMENTS), min_size=1, max_size=4))
def test_one_signer_signs_any_calls_as_botocore_does(
    url: str, calls: list[tuple[SimpleNamespace, tuple[str, list[str], dict[str, object], bytes | None], datetime]]
) -> None:
    signature = SignatureV4(service="iot", region="eu-west-1", base_url=url)
    for keys, (method, labels, query, body), now in calls:
        asked = target(path(*labels), query)
        assert signature.headers(keys, method, asked, body, now) == by_botocore(keys, method, url + asked, body, now)


def test_keys_that_change_within_a_day_sign_for_themselves() -> None:
    noon = datetime(2025, 1, 15, 12, tzinfo=UTC)
    signature = SignatureV4(service="iot", region="eu-west-1", base_url="https://iot.eu-west-1.amazonaws.com")
    for secret in ("first", "second", "first"):
        keys = SimpleNamespace(access_key="AKIDEXAMPLE", secret_key=secret, token=None)
        expected = by_botocore(keys, "GET", "https://iot.eu-west-1.amazonaws.com/jobs", None, noon)
        assert signature.headers(keys, "GET", "/jobs", None, noon) == expected
