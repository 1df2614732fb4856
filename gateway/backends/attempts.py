"""Attempts: what is noted of each attempt of a vendor call: a count, its time, a span, and a line if it fails."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Final

import structlog
from prometheus_client import Counter

from gateway.backends.circuit_breaker import CircuitOpen
from gateway.domain.errors import (
    BackendUnavailable,
    GatewayError,
    OutcomeUnknown,
    PermissionDenied,
    Throttled,
    VendorRejected,
)
from gateway.observability.few_lines import FewLines
from gateway.observability.metrics import (
    VENDOR_CALL_SECONDS,
    VENDOR_CALLS,
    VENDOR_CALLS_KEPT_BACK,
    VENDOR_RETRIES,
)
from gateway.observability.tracing import NO_TRACING, Tracing, end_call, outcome_of
from gateway.vendorkit.http import VendorCall

# The usual names of the header in which a vendor names a request, for it to be found again by the vendor.
_REQUEST_IDS: Final = ("x-amzn-requestid", "x-amz-request-id", "x-request-id")
_LINES_A_MINUTE: Final = 10
# Vendors' operations are some dozens; should one be named by what a client sent, it has no series of its own.
_MOST_SERIES: Final = 500
_FAILURES = (BackendUnavailable, OutcomeUnknown, PermissionDenied, Throttled, VendorRejected)

_log = structlog.get_logger(__name__)


class Attempts:
    """Those of one backend."""

    def __init__(self, backend: str, vendor: str, tracing: Tracing = NO_TRACING) -> None:
        self._backend = backend
        self._vendor = vendor
        self._tracing = tracing
        self._seconds = VENDOR_CALL_SECONDS.labels(backend, vendor)
        self._retries = VENDOR_RETRIES.labels(backend)
        self._circuit = VENDOR_CALLS_KEPT_BACK.labels(backend, "circuit")
        self._budget = VENDOR_CALLS_KEPT_BACK.labels(backend, "budget")
        self._calls: dict[tuple[str, str], Counter] = {}
        self._lines: dict[str, FewLines] = {}

    @contextmanager
    def noting(self, call: VendorCall[object], resent: int) -> Iterator[None]:
        """Around one attempt. `resent` is how often the call was made before."""
        started = perf_counter()
        problem: BaseException | None = None
        with self._tracing.vendor_call(self._backend, self._vendor, call.operation, resent) as span:
            try:
                yield
            except BaseException as error:
                problem = error
                raise
            finally:
                seconds = perf_counter() - started
                self._count(call.operation, outcome_of(problem), seconds)
                if isinstance(problem, _FAILURES):
                    self._write_down(call, problem, seconds, resent)
                if span is not None:
                    answer = call.answer
                    end_call(
                        span,
                        None if answer is None else answer.status,
                        None if answer is None else _request_id(answer.headers),
                        problem,
                    )

    def retried(self) -> None:
        """A call is made again."""
        self._retries.inc()

    def kept_back(self, error: GatewayError) -> None:
        """A call is not made: its circuit is open, or the budget has no room for it in time."""
        (self._circuit if isinstance(error, CircuitOpen) else self._budget).inc()

    def _count(self, operation: str, outcome: str, seconds: float) -> None:
        counter = self._calls.get((operation, outcome))
        if counter is None:
            if len(self._calls) < _MOST_SERIES:
                counter = VENDOR_CALLS.labels(self._backend, self._vendor, operation, outcome)
                self._calls[operation, outcome] = counter
            else:
                counter = VENDOR_CALLS.labels(self._backend, self._vendor, "others", outcome)
        counter.inc()
        self._seconds.observe(seconds)

    def _write_down(self, call: VendorCall[object], error: GatewayError, seconds: float, resent: int) -> None:
        code = error.code.value
        lines = self._lines.get(code)
        if lines is None:
            lines = self._lines[code] = FewLines(_LINES_A_MINUTE)
        more = lines.next()
        if more is None:
            return
        told: dict[str, object] = {
            "backend": self._backend,
            "operation": call.operation,
            "code": code,
            "seconds": round(seconds, 3),
            "reason": error.message,
            **more,
        }
        if resent:
            told["resent"] = resent
        for name in ("http_status", "vendor_code", "request_id"):
            value = getattr(error, name, None)
            if value is not None:
                told["vendor_request_id" if name == "request_id" else name] = value
        if "vendor_request_id" not in told and call.answer is not None:
            request_id = _request_id(call.answer.headers)
            if request_id is not None:
                told["vendor_request_id"] = request_id
        _log.warning("vendor_call_failed", **told)


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((found for name in _REQUEST_IDS if (found := headers.get(name))), None)
