"""Ids and generations against their documentation, written out plainly."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.ids import Kind, ObjectId, decode, encode, generation_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
IDS = st.builds(
    ObjectId,
    st.sampled_from(list(Kind)),
    TEXT,
    st.lists(TEXT, min_size=1, max_size=5).map(tuple),
    st.just("") | TEXT,
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), timezone(timedelta(hours=14))])


@given(IDS)
def test_an_id_is_base64url_of_its_escaped_parts_and_reads_back(ref: ObjectId) -> None:
    parts = [
        "1",
        ref.kind.value,
        quote(ref.backend, safe=""),
        "/".join(quote(part, safe="") for part in ref.key),
        quote(ref.generation, safe=""),
    ]
    text = encode(ref)
    assert text == urlsafe_b64encode(":".join(parts).encode()).decode().rstrip("=")
    assert decode(text) == ref


@given(st.integers(-(10**15), 10**16), ZONES, st.sampled_from([1, 1000, 1_000_000]))
def test_a_generation_is_the_epoch_with_none_three_or_six_digits(micros: int, zone: timezone, clock: int) -> None:
    micros -= micros % clock
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).astimezone(zone)
    seconds, fraction = divmod(micros, 1_000_000)
    if fraction == 0:
        assert generation_of(moment) == str(seconds)
    elif fraction % 1000 == 0:
        assert generation_of(moment) == f"{seconds}.{fraction // 1000:03d}"
    else:
        assert generation_of(moment) == f"{seconds}.{fraction:06d}"


def test_no_moment_is_no_generation() -> None:
    assert generation_of(None) == ""
