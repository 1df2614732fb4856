"""A generation tells apart two objects that stood under one key, as finely as the vendor's clock allows."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.ids import generation_of, same_generation

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(milliseconds: float) -> str:
    return generation_of(NOON + timedelta(milliseconds=milliseconds))


@pytest.mark.parametrize(("one", "other"), [(700, 717), (100, 140), (10, 11), (999, 1001), (500, 500.25)])
def test_moments_that_differ_in_milliseconds_are_two_objects(one: float, other: float) -> None:
    assert same_generation(at(one), at(one))
    assert same_generation(at(one), at(other)) is (int(one) == int(other))


def test_a_list_in_whole_seconds_fits_a_single_read_in_milliseconds() -> None:
    assert same_generation(at(0), at(717))
    assert not same_generation(at(0), at(1717))


def test_no_moment_is_no_generation() -> None:
    assert generation_of(None) == ""
    assert not same_generation("", at(1))
