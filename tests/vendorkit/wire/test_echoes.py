import pytest

from gateway.vendorkit.calls import SignedCall, VendorAnswer
from gateway.vendorkit.echoes import without_echoes

SIGNATURE = "0c4a2b/+dd" * 4 + "=="
CALL = SignedCall(
    method="GET",
    target="/?Action=Delete&Signature=0c4a2b%2F%2Bdd&AccessKeyId=demo-access-key",
    headers={
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKID/2026/x, SignedHeaders=host, Signature={SIGNATURE}",
        "X-Amz-Security-Token": "a temporary key's token",
        "X-Auth-Token": "short",
        "X-Amz-Date": "20260101T000000Z",
    },
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"the signature {SIGNATURE} does not match", "the signature *** does not match"),
        (f"got: {CALL.headers['Authorization']}.", "got: ***."),
        ("x-amz-security-token:a temporary key's token;", "x-amz-security-token:***;"),
        ("'0c4a2b/+dd' or '0c4a2b%2F%2Bdd' or '0c4a2b\\/+dd'", "'***' or '***' or '***'"),
        ("you sent hunter2-hunter2", "you sent ***"),
        # What others may know is left, and what is too short to be a secret stands there by chance.
        ("demo-access-key at 20260101T000000Z is short", "demo-access-key at 20260101T000000Z is short"),
    ],
)
@pytest.mark.parametrize("status", [200, 403, 500])
def test_an_answer_repeats_no_credentials_of_its_request(said: str, told: str, status: int) -> None:
    answer = VendorAnswer(status=status, headers={"a": "b"}, body=said.encode())
    found = without_echoes(CALL, answer, ["hunter2-hunter2", "is"])
    assert (found.status, found.headers, found.body.decode()) == (status, {"a": "b"}, told)


def test_a_page_of_a_list_stays_as_it_came() -> None:
    answer = VendorAnswer(status=200, headers={}, body=b"hunter2-hunter2" * 10_000)
    assert without_echoes(CALL, answer, ["hunter2-hunter2"]) is answer
    refused = VendorAnswer(status=400, headers={}, body=answer.body)
    assert without_echoes(CALL, refused, ["hunter2-hunter2"]).body == b"***" * 10_000
