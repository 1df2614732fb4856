"""The circuits of a backend: one for each operation, and how they stand taken together."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import monotonic

from gateway.backends.circuit_breaker import Circuit, CircuitBreaker
from gateway.domain.errors import GatewayError

_MakeBreaker = Callable[[str], CircuitBreaker]


class Circuits:
    """One backend's. Whenever it answers anything, those that are open may probe at once."""

    def __init__(self, backend: str, now: Callable[[], datetime], seconds: Callable[[], float] = monotonic) -> None:
        self._make: _MakeBreaker = partial(CircuitBreaker, backend, now=now, seconds=seconds)
        self._breakers: dict[str, CircuitBreaker] = {}
        self._not_closed: set[CircuitBreaker] = set()

    def of(self, operation: str) -> CircuitBreaker:
        """The breaker of an operation."""
        breaker = self._breakers.get(operation)
        if breaker is None:
            breaker = self._breakers[operation] = self._make(operation)
        return breaker

    def succeeded(self, breaker: CircuitBreaker, number: int) -> None:
        """A call that this breaker admitted was answered."""
        breaker.succeeded(number)
        if self._not_closed:
            self._not_closed = {one for one in self._not_closed if one.circuit is not Circuit.CLOSED}
            for one in self._not_closed:
                one.end_pause()

    def failed(self, breaker: CircuitBreaker, number: int, error: GatewayError) -> None:
        """A call that this breaker admitted had no usable answer."""
        breaker.failed(number, error)
        if breaker.circuit is Circuit.OPEN:
            self._not_closed.add(breaker)

    def reading(self) -> tuple[Circuit, datetime | None]:
        """The worst of them, and until when the last one is open. One whose pause is over counts as half open."""
        untils = [until for one in self._not_closed if one.pausing and (until := one.open_until) is not None]
        if untils:
            return Circuit.OPEN, max(untils)
        half_open = any(one.circuit is not Circuit.CLOSED for one in self._not_closed)
        return Circuit.HALF_OPEN if half_open else Circuit.CLOSED, None
