"""The state machine, a few runs of it for every vendor that can be watched; `make prove` has thousands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.vendorkit.discovery import installed_vendors
from tests.support.redis_server import redis_server
from tests.support.states.judge import Figures
from tests.support.states.running import run
from tests.support.states.world import watched_vendors

RUNS, STEPS = 8, 30


def test_every_vendor_is_watched() -> None:
    assert watched_vendors() == sorted(installed_vendors())


@pytest.mark.parametrize("vendor", watched_vendors())
def test_nothing_is_changed_that_no_caller_named(
    vendor: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = Figures()
    with redis_server(tmp_path) as redis:
        run(figures, runs=RUNS, steps=STEPS, number=0, redis_url=redis.url(), shrink=False, only=vendor)
    assert figures.runs >= RUNS
    assert figures.mutations.total() > 2 * RUNS
    assert figures.touches > 0
    record_property("figures", f"state machine, {vendor}: {figures.runs} runs, {dict(figures.mutations)}")
