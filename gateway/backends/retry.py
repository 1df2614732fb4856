"""Retry: a read that got no answer is tried again, a little later, while there is time and not too much of it is done.

What may help is tried again: no usable answer, or a vendor that asks to slow down. What it refused is not, nor what our
own budget or the open circuit kept back, and never a change: it may have been carried out.
"""

from collections.abc import Callable
from random import uniform
from time import monotonic

from gateway.backends.circuit_breaker import CircuitOpen
from gateway.backends.deadline import Deadline
from gateway.backends.rate_limit import OverBudget
from gateway.domain.errors import BackendUnavailable, GatewayError, Throttled

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# Without a deadline, whoever asks to be left alone for longer is not waited for.
_LONGEST_ASKED = 30.0
_PER_CALL = 0.1
_PER_SECOND = 1.0
_MOST_SAVED = 10.0


class RetryBudget:
    """How many retries a backend may have: one for ten calls, and one a second besides; ten may be saved up.

    A vendor that is down is so asked a tenth more than one that is up, not three times as much.
    """

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._saved = _MOST_SAVED
        self._at = seconds()

    def called(self) -> None:
        """A call is made for the first time."""
        self._saved = min(_MOST_SAVED, self._saved + _PER_CALL)

    def take(self) -> bool:
        """Take one retry, if there is one."""
        moment = self._seconds()
        self._saved = min(_MOST_SAVED, self._saved + (moment - self._at) * _PER_SECOND)
        self._at = moment
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


class Retries:
    """At most `most` for one call. `jitter` gives a number between two others."""

    def __init__(self, most: int, budget: RetryBudget, jitter: Callable[[float, float], float] = uniform) -> None:
        self._most = most
        self._budget = budget
        self._jitter = jitter

    def called(self) -> None:
        """A call is made for the first time."""
        self._budget.called()

    def pause(self, done: int, error: GatewayError, deadline: Deadline | None) -> float | None:
        """How many seconds to wait before retry number `done` + 1; None when there is to be none."""
        if done >= self._most or isinstance(error, CircuitOpen | OverBudget):
            return None
        seconds = self._jitter(0.0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**done))
        if isinstance(error, Throttled):
            seconds += error.retry_after_seconds or 0.0
        elif not isinstance(error, BackendUnavailable):
            return None
        if seconds >= (_LONGEST_ASKED if deadline is None else deadline.left) or not self._budget.take():
            return None
        return seconds
