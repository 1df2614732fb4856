"""Moments as vendors write them."""

from datetime import UTC, datetime

import pytest

from gateway.vendorkit.times import from_compact, from_epoch, from_iso

NOON = datetime(2024, 11, 19, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1732017600, NOON),
        (1732017600.0, NOON),
        (1732017600.1234, NOON.replace(microsecond=123000)),
        ("1732017600.5", NOON.replace(microsecond=500000)),
        ("2024-11-19T12:00:00Z", NOON),
        (1, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (True, None),
        (None, None),
        (1e300, None),
        ("soon", None),
        ("1_7", None),
        ("inf", None),
        ("9" * 5000, None),
        ("2024-11-19", None),
        ("2024-W47-2", None),
        ("20241119T120000Z", NOON),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
)
def test_an_epoch_is_cut_to_milliseconds_and_what_is_none_is_none(
    written: float | str | None, read: datetime | None
) -> None:
    assert from_epoch(written) == read
    assert from_epoch(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20241119T120000Z", NOON),
        (" 20241119T120000Z ", NOON),
        ("2024-11-19T12:00:00+00:00", NOON),
        ("20241319T120000Z", None),
        ("20241119T126000Z", None),
        ("", None),
        (None, None),
    ],
)
def test_a_compact_time_is_utc(written: str | None, read: datetime | None) -> None:
    found = from_compact(written)
    assert found == read
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    "written", ["2024-11-19T12:00Z", "2024-11-19T12:00:00.000000000Z", "2024-11-19T21:00:00+09:00"]
)
def test_an_iso_time_of_any_precision_and_zone_is_utc(written: str) -> None:
    found = from_iso(written)
    assert found == NOON
    assert found is not None
    assert found.tzinfo is UTC
