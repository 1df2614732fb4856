"""The circuit breaker: what a vendor does not answer is left alone for a while, and its callers are told at once.

Each operation of a backend has one: where a vendor has one call broken, the others go on. It opens after five failures
in a row, or when at least half of the last twenty calls failed, ten of them or more within half a minute. A failure is
a call without a usable answer; a vendor that refuses, or asks to slow down, is there. It stays open for a second, and
twice as long after every probe that fails, up to half a minute. Then it is half open: one call at a time may try. That
is so for changes too: nothing else could find out for them, and a probe is no more at risk than any other change.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic

from gateway.domain.errors import BackendUnavailable, GatewayError

_IN_A_ROW = 5
_SEEN = 20
_SEEN_AT_LEAST = 10
_SEEN_SECONDS = 30.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


class Circuit(StrEnum):
    """CLOSED: calls are made. OPEN: none are. HALF_OPEN: one call finds out whether the backend answers again."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class CircuitOpen(BackendUnavailable):
    """The operation is being left alone. Nothing was sent."""


class CircuitBreaker:
    """One per operation. Each call is admitted, and what came of it told with the number that `admit` gave.

    Numbers change with every opening and closing: what began before that no longer counts.
    """

    def __init__(
        self, backend: str, operation: str, now: Callable[[], datetime], seconds: Callable[[], float] = monotonic
    ) -> None:
        self._backend = backend
        self._operation = operation
        self._now = now
        self._seconds = seconds
        self._number = 0
        self._circuit = Circuit.CLOSED
        self._opened_until = 0.0
        self._pause = 0.0
        self._in_a_row = 0
        self._seen: deque[tuple[float, bool]] = deque(maxlen=_SEEN)
        self._cause = ""

    @property
    def circuit(self) -> Circuit:
        """How it stands. OPEN lasts until somebody asks after the pause."""
        return self._circuit

    @property
    def pausing(self) -> bool:
        """Whether it is open, and its pause not over."""
        return self._circuit is Circuit.OPEN and self._seconds() < self._opened_until

    @property
    def open_until(self) -> datetime | None:
        """When the next call may be made; None unless it is open."""
        if self._circuit is not Circuit.OPEN:
            return None
        return self._now() + timedelta(seconds=max(0.0, self._opened_until - self._seconds()))

    def admit(self) -> int:
        """Ask whether a call may be made now, as the probe perhaps. Raises CircuitOpen."""
        if self._circuit is not Circuit.CLOSED:
            if self._circuit is Circuit.HALF_OPEN or self._seconds() < self._opened_until:
                raise self._refusal()
            self._enter(Circuit.HALF_OPEN)
        return self._number

    def check(self, number: int) -> None:
        """Ask again after a wait. Raises CircuitOpen when it opened meanwhile."""
        if number != self._number and self._circuit is not Circuit.CLOSED:
            raise self._refusal()

    def succeeded(self, number: int) -> None:
        """The vendor answered, whatever it said."""
        if number != self._number:
            return
        if self._circuit is Circuit.HALF_OPEN:
            self._enter(Circuit.CLOSED)
            self._pause = 0.0
            self._seen.clear()
        self._in_a_row = 0
        self._seen.append((self._seconds(), False))

    def failed(self, number: int, error: GatewayError) -> None:
        """The call had no usable answer."""
        if number != self._number:
            return
        moment = self._seconds()
        self._in_a_row += 1
        self._seen.append((moment, True))
        if self._circuit is Circuit.HALF_OPEN or self._too_many(moment):
            self._cause = error.message.partition(". ")[0]
            self._open(moment)

    def undecided(self, number: int) -> None:
        """The call was given up before it told anything: the next one may probe at once."""
        if number == self._number and self._circuit is Circuit.HALF_OPEN:
            self._opened_until = self._seconds()
            self._enter(Circuit.OPEN)

    def end_pause(self) -> None:
        """The backend answers something else: the next call may probe at once."""
        if self._circuit is Circuit.OPEN:
            self._opened_until = min(self._opened_until, self._seconds())

    def _too_many(self, moment: float) -> bool:
        if self._in_a_row >= _IN_A_ROW:
            return True
        late = [failed for at, failed in self._seen if at > moment - _SEEN_SECONDS]
        return len(late) >= _SEEN_AT_LEAST and 2 * sum(late) >= len(late)

    def _open(self, moment: float) -> None:
        self._pause = min(2 * self._pause, _LONGEST_PAUSE) or _FIRST_PAUSE
        self._opened_until = moment + self._pause
        self._in_a_row = 0
        self._seen.clear()
        self._enter(Circuit.OPEN)

    def _enter(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._number += 1

    def _refusal(self) -> CircuitOpen:
        until = self.open_until
        when = "until a call that is under way has told" if until is None else f"until {until:%H:%M:%S} UTC"
        return CircuitOpen(
            f"Backend {self._backend} is not asked for {self._operation} {when}, since it did not answer "
            f"({self._cause}). Nothing was sent; ask again after that.",
            backend=self._backend,
        )
