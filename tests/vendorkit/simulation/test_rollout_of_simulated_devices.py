"""Simulated rollouts: what devices do as time passes, and what a large one costs."""

import time

import pytest

from gateway.vendorkit.simulation.device_course import NEVER, Course, Moving, Parked
from gateway.vendorkit.simulation.page_token import read_token, write_token
from gateway.vendorkit.simulation.request_rate import RequestRate
from gateway.vendorkit.simulation.rollout import Execution, NamedThings, Rollout

THINGS = NamedThings([f"t{number}" for number in range(40)])


def moving(speed: float = 1.0) -> Moving:
    return Moving(seed=7, key="job", queued_at=1000.0, moves_from=1000.0, speed=speed)


def test_devices_go_from_queued_over_in_progress_to_an_end() -> None:
    rollout = Rollout(THINGS, moving())
    seen = [rollout.counts(1000.0 + second) for second in (0, 100, 500)]
    assert seen[0]["QUEUED"] == 40
    assert seen[1]["IN_PROGRESS"] > 0
    assert seen[2]["QUEUED"] == seen[2]["IN_PROGRESS"] == 0
    assert {total.total() for total in seen} == {40}


def test_the_counts_are_those_of_the_executions() -> None:
    rollout = Rollout(THINGS, moving())
    rollout.put(3, None)
    rollout.put(5, Execution(status="FAILED", queued_at=1000.0, updated_at=1001.0))
    rollout.cancel(1100.0, force=False)
    rollout.cancel(1150.0, force=True)
    for now in (1000.0, 1050.0, 1099.0, 1120.0, 1160.0, 1500.0):
        statuses = [execution.status for _, execution in rollout.walk(0, now)]
        assert {status: n for status, n in rollout.counts(now).items() if n} == {
            status: statuses.count(status) for status in set(statuses)
        }


def test_the_version_rises_with_every_step_and_never_falls() -> None:
    rollout = Rollout(THINGS, moving())
    seen = [rollout.execution(0, 1000.0 + second) for second in range(0, 450, 5)]
    versions = [execution.version for execution in seen if execution]
    assert versions == sorted(versions)
    assert versions[0] == 1
    assert versions[-1] > 3


def test_a_cancellation_spares_what_runs_unless_it_is_forced() -> None:
    gentle, forced = Rollout(THINGS, moving()), Rollout(THINGS, moving())
    gentle.cancel(1060.0, force=False)
    forced.cancel(1060.0, force=True)
    assert gentle.counts(1060.0)["IN_PROGRESS"] > 0
    assert gentle.counts(1060.0)["QUEUED"] == forced.counts(1060.0)["IN_PROGRESS"] == 0
    assert forced.counts(1060.0)["CANCELED"] > gentle.counts(1060.0)["CANCELED"]


@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_parked_devices_never_move_and_frozen_ones_stay_queued(speed: float) -> None:
    parked = Rollout(THINGS, Parked(queued_at=0.0, until=1000.0, pattern=("QUEUED", "IN_PROGRESS")))
    assert parked.counts(1000.0) == parked.counts(1e9)
    assert parked.settles_at() == NEVER
    frozen = Rollout(THINGS, moving(0.0))
    assert frozen.counts(1e9)["QUEUED"] == 40
    assert Rollout(THINGS, moving(speed)).settles_at() == (NEVER if speed == 0 else pytest.approx(1200, abs=250))


def test_a_rollout_over_many_things_costs_a_page() -> None:
    class Many:
        def __len__(self) -> int:
            return 200_000

        def name(self, place: int) -> str:
            return str(place)

        def place(self, name: str) -> int | None:
            return int(name)

    rollout = Rollout(Many(), moving())
    began = time.perf_counter()
    page = [execution for execution, _ in zip(rollout.walk(150_000, 1100.0), range(250), strict=False)]
    assert len(page) == 250
    assert time.perf_counter() - began < 0.5


def test_what_no_device_began_has_no_start() -> None:
    assert not Course(0.0, 5.0, 5.0, "CANCELED").begun()
    assert Course(0.0, 5.0, 5.0, "SUCCEEDED").begun()


def test_a_page_token_is_awkward_and_comes_back_whole() -> None:
    token = write_token("jobs", ["IN_PROGRESS", 7])
    assert "+" in token
    assert "/" in token
    assert read_token(token, "jobs") == ["IN_PROGRESS", 7]
    safe = write_token("jobs", [1], url_safe=True)
    assert not set(safe) & {"+", "/"}
    assert read_token(safe, "jobs") == [1]


@pytest.mark.parametrize("token", ["", "AAAA", "not base64!", write_token("other", [1])])
def test_a_page_token_from_elsewhere_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="page token"):
        read_token(token, "jobs")


def test_requests_are_counted_per_operation_and_second(moment: "list[float]") -> None:
    from datetime import UTC, datetime

    rate = RequestRate(10.0, lambda: datetime.fromtimestamp(moment[0], UTC))
    assert [rate.allows("ListJobs") for _ in range(11)] == [True] * 10 + [False]
    assert rate.allows("DescribeJob")
    moment[0] += 0.5
    assert [rate.allows("ListJobs") for _ in range(6)] == [True] * 5 + [False]


@pytest.fixture
def moment() -> list[float]:
    return [1_700_000_000.0]
