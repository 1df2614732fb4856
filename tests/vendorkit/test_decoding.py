"""What of a vendor's JSON is taken for what it seems to be."""

import msgspec
import pytest

from gateway.vendorkit.decoding import Unreadable, count_of, read_json


class Row(msgspec.Struct):
    """A member that is read, beside others that are not."""

    name: str | None = None


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (7, 7),
        (3.0, 3),
        ("12", 12),
        (2**31 - 1, 2**31 - 1),
        (2**31, None),
        (-1, None),
        (3.7, None),
        (float("inf"), None),
        (float("nan"), None),
        (10**30, None),
        (True, None),
        (None, None),
        ("", None),
        ("-1", None),
        ("1_0", None),
        ("٣", None),
        ("9" * 5000, None),
        ([1], None),
    ],
)
def test_a_count_is_a_whole_number_that_an_int_holds_and_nothing_else(value: object, count: int | None) -> None:
    assert count_of(value) == count


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"name": "a", "other": "\xff"}',
        b'{"other": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b'{"other": ' + b"[" * 9000,
    ],
)
def test_what_no_member_asks_for_is_looked_at_too(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_json(body, Row)


def test_letters_beyond_ascii_are_read() -> None:
    assert read_json('{"name": "grün 💥"}'.encode(), Row).name == "grün 💥"
