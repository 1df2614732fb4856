"""A vendor that does not answer is left alone, and one call at a time finds out whether it is back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from gateway.backends.circuit_breaker import Circuit, CircuitBreaker, CircuitOpen
from gateway.domain.errors import BackendUnavailable

DOWN = BackendUnavailable("ListJobs got no answer from backend lab (HTTP 503). Try again later.")
BEGUN = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGUN + timedelta(seconds=self.seconds)

    def breaker(self) -> CircuitBreaker:
        return CircuitBreaker("lab", "ListJobs", self.now, lambda: self.seconds)


def failing(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(), DOWN)


def test_it_opens_after_five_failures_in_a_row_and_says_until_when_and_why() -> None:
    time = Time()
    breaker = time.breaker()
    failing(breaker, 4)
    breaker.succeeded(breaker.admit())
    failing(breaker, 5)
    with pytest.raises(
        CircuitOpen, match=r"not asked for ListJobs until 12:00:01 UTC, .*HTTP 503.*Nothing was sent"
    ) as caught:
        breaker.admit()
    assert caught.value.retryable
    assert caught.value.backend == "lab"
    assert (breaker.circuit, breaker.open_until) == (Circuit.OPEN, BEGUN + timedelta(seconds=1))


def test_it_opens_when_half_of_the_late_calls_fail_but_not_on_a_few_of_them() -> None:
    breaker = Time().breaker()
    for _ in range(4):
        failing(breaker, 1)
        breaker.succeeded(breaker.admit())
    assert breaker.circuit is Circuit.CLOSED
    failing(breaker, 2)
    assert breaker.circuit is Circuit.OPEN


def test_failures_of_long_ago_do_not_count_among_the_late_ones() -> None:
    time = Time()
    breaker = time.breaker()
    for _ in range(20):
        failing(breaker, 1)
        time.seconds += 4
        breaker.succeeded(breaker.admit())
        time.seconds += 4
    assert breaker.circuit is Circuit.CLOSED


def test_each_probe_that_fails_doubles_the_pause_up_to_half_a_minute_and_one_that_succeeds_ends_it() -> None:
    time = Time()
    breaker = time.breaker()
    failing(breaker, 5)
    pauses = []
    for _ in range(7):
        until = breaker.open_until
        assert until is not None
        pauses.append((until - time.now()).total_seconds())
        time.seconds += pauses[-1]
        failing(breaker, 1)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    time.seconds += 30
    breaker.succeeded(breaker.admit())
    assert (breaker.circuit, breaker.open_until) == (Circuit.CLOSED, None)
    failing(breaker, 5)
    assert breaker.open_until == time.now() + timedelta(seconds=1)


def test_a_probe_that_is_given_up_lets_the_next_one_try_at_once() -> None:
    time = Time()
    breaker = time.breaker()
    failing(breaker, 5)
    time.seconds += 1
    breaker.undecided(breaker.admit())
    breaker.succeeded(breaker.admit())
    assert breaker.circuit is Circuit.CLOSED


def test_what_began_before_it_opened_neither_closes_it_nor_goes_on() -> None:
    time = Time()
    breaker = time.breaker()
    early = breaker.admit()
    failing(breaker, 5)
    breaker.succeeded(early)
    assert breaker.circuit is Circuit.OPEN
    with pytest.raises(CircuitOpen):
        breaker.check(early)


class Probes(RuleBasedStateMachine):
    """Calls begin, wait, and end as they like, in any order."""

    under_way: Bundle[int] = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.breaker = self.time.breaker()
        self.probes: set[int] = set()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.time.seconds += seconds

    @rule(target=under_way)
    def begin(self) -> object:
        was, until = self.breaker.circuit, self.breaker.open_until
        try:
            number = self.breaker.admit()
        except CircuitOpen:
            assert was is Circuit.HALF_OPEN or (until is not None and until > self.time.now())
            return multiple()
        if was is not Circuit.CLOSED:
            assert until is not None
            assert until <= self.time.now()
            self.probes.add(number)
        return number

    @rule(number=consumes(under_way), how=st.sampled_from(["succeeded", "failed", "failed", "failed", "undecided"]))
    def end(self, number: int, how: str) -> None:
        was = self.breaker.circuit
        if how == "failed":
            self.breaker.failed(number, DOWN)
        else:
            getattr(self.breaker, how)(number)
        if was is Circuit.HALF_OPEN and number not in self.probes:
            assert self.breaker.circuit is Circuit.HALF_OPEN
        self.probes.discard(number)

    @invariant()
    def at_most_one_probes(self) -> None:
        assert len(self.probes) <= 1
        assert (self.breaker.circuit is Circuit.HALF_OPEN) == (len(self.probes) == 1)

    @rule(number=under_way)
    def after_a_wait(self, number: int) -> None:
        """Only the probe goes on while it is not closed."""
        try:
            self.breaker.check(number)
        except CircuitOpen:
            assert self.breaker.circuit is not Circuit.CLOSED
            assert number not in self.probes
        else:
            assert self.breaker.circuit is Circuit.CLOSED or number in self.probes


TestProbes = Probes.TestCase
TestProbes.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
