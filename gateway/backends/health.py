"""Health: what the last minute of calls says of a backend."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from time import monotonic

from gateway.backends.circuit_breaker import Circuit, CircuitOpen
from gateway.backends.rate_limit import OverBudget
from gateway.domain.errors import BackendUnavailable, GatewayError, Throttled, VendorRejected

_DOWN_AFTER = 3
_KEPT_LATENCIES = 256
_REFUSED_AT_THE_DOOR = frozenset({401, 403})


class HealthState(StrEnum):
    """DEGRADED: the last read failed. DOWN: three in a row did, or none ever succeeded. UNKNOWN: not asked yet."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendHealth:
    """A reading of it. `since` is when the state was entered; latency is of single vendor calls, in milliseconds.

    The rest is what stands around the calls: see BackendGate.
    """

    state: HealthState
    since: datetime | None
    last_error: GatewayError | None
    calls_last_minute: int
    call_budget_per_second: float
    latency_p50_ms: float | None
    circuit: Circuit = Circuit.CLOSED
    circuit_open_until: datetime | None = None
    calls_under_way: int = 0
    calls_waiting: int = 0
    retries_last_minute: int = 0
    throttled_last_minute: int = 0


class LastMinute:
    """Counts what happened in the last minute."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque()

    def add(self) -> None:
        """It happened."""
        self._moments.append(monotonic())
        self._forget()

    def __len__(self) -> int:
        self._forget()
        return len(self._moments)

    def _forget(self) -> None:
        horizon = monotonic() - 60
        while self._moments and self._moments[0] < horizon:
            self._moments.popleft()


class HealthRecord:
    """Keeps what a reading needs. `called` is told of every vendor call, `succeeded` and `failed` of whole reads."""

    def __init__(self, *, calls_per_second: float, now: Callable[[], datetime]) -> None:
        self._calls_per_second = calls_per_second
        self._now = now
        self._calls = LastMinute()
        self._retries = LastMinute()
        self._throttled = LastMinute()
        self._latencies: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        self._state = HealthState.UNKNOWN
        self._since: datetime | None = None
        self._failures = 0
        self._ever_succeeded = False
        self._last_error: GatewayError | None = None

    def called(self, seconds: float) -> None:
        """One vendor call took that long, whatever came of it."""
        self._calls.add()
        self._latencies.append(seconds * 1000)

    def retried(self) -> None:
        """A call is made again."""
        self._retries.add()

    def throttled(self) -> None:
        """The vendor asked to slow down."""
        self._throttled.add()

    def succeeded(self) -> None:
        """A read got its answer."""
        self._failures = 0
        self._ever_succeeded = True
        self._enter(HealthState.UP)

    def failed(self, error: GatewayError) -> None:
        """A read failed. A vendor that refuses one request in its own words is well; one that lets nobody in is not.

        What our budget or the open circuit kept back tells nothing new of it.
        """
        if isinstance(error, CircuitOpen | OverBudget):
            return
        if isinstance(error, VendorRejected) and error.http_status not in _REFUSED_AT_THE_DOOR:
            return
        if not isinstance(error, BackendUnavailable | Throttled | VendorRejected):
            return
        self._failures += 1
        self._last_error = error
        dead = self._failures >= _DOWN_AFTER or not self._ever_succeeded
        self._enter(HealthState.DOWN if dead else HealthState.DEGRADED)

    def reading(self) -> BackendHealth:
        """The health as it stands."""
        return BackendHealth(
            state=self._state,
            since=self._since,
            last_error=self._last_error,
            calls_last_minute=len(self._calls),
            call_budget_per_second=self._calls_per_second,
            latency_p50_ms=round(median(self._latencies), 3) if self._latencies else None,
            retries_last_minute=len(self._retries),
            throttled_last_minute=len(self._throttled),
        )

    def _enter(self, state: HealthState) -> None:
        if state is not self._state:
            self._state = state
            self._since = self._now()
