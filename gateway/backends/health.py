"""Health: what the last minute of calls says of a backend."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from time import monotonic

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
    """A reading of it. `since` is when the state was entered; latency is of single vendor calls, in milliseconds."""

    state: HealthState
    since: datetime | None
    last_error: GatewayError | None
    calls_last_minute: int
    call_budget_per_second: float
    latency_p50_ms: float | None


class HealthRecord:
    """Keeps what a reading needs. `call` is told of every vendor call, `succeeded` and `failed` of whole reads."""

    def __init__(self, *, calls_per_second: float, now: Callable[[], datetime]) -> None:
        self._calls_per_second = calls_per_second
        self._now = now
        self._calls: deque[float] = deque()
        self._latencies: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        self._state = HealthState.UNKNOWN
        self._since: datetime | None = None
        self._failures = 0
        self._ever_succeeded = False
        self._last_error: GatewayError | None = None

    def call(self, seconds: float) -> None:
        """One vendor call took that long, whatever came of it."""
        self._calls.append(monotonic())
        self._latencies.append(seconds * 1000)
        self._forget()

    def succeeded(self) -> None:
        """A read got its answer."""
        self._failures = 0
        self._ever_succeeded = True
        self._enter(HealthState.UP)

    def failed(self, error: GatewayError) -> None:
        """A read failed. A vendor that refuses one request in its own words is well; one that lets nobody in is not."""
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
        self._forget()
        return BackendHealth(
            state=self._state,
            since=self._since,
            last_error=self._last_error,
            calls_last_minute=len(self._calls),
            call_budget_per_second=self._calls_per_second,
            latency_p50_ms=round(median(self._latencies), 3) if self._latencies else None,
        )

    def _enter(self, state: HealthState) -> None:
        if state is not self._state:
            self._state = state
            self._since = self._now()

    def _forget(self) -> None:
        horizon = monotonic() - 60
        while self._calls and self._calls[0] < horizon:
            self._calls.popleft()
