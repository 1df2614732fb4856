"""VendorHttp: one call to a vendor, with what the network may do to it in domain errors.

What carries calls raises httpx's exceptions, and this is the only place that reads them. They fall in two: the
request surely never reached the vendor, or it may have. For a read both mean BackendUnavailable; for a write the second
means OutcomeUnknown: it may be done.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import httpx

from gateway.domain.errors import BackendUnavailable, GatewayError, OutcomeUnknown, Throttled, TimedOut, VendorRejected
from gateway.vendorkit.calls import Carrier, SignedCall, VendorAnswer
from gateway.vendorkit.through_httpx import ThroughHttpx

__all__ = ["NEVER_SENT", "CallGate", "OpenGate", "SignedCall", "VendorAnswer", "VendorHttp"]

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class CallGate(Protocol):
    """What every vendor call passes: the backend's call budget and the time allowed for one attempt, measured."""

    def passing(self, operation: str) -> AbstractAsyncContextManager[None]:
        """Wait for the budget, then give the block its time. Raises TimeoutError when the time is over."""
        ...


class OpenGate:
    """A gate that neither waits nor limits, for probes and tests."""

    def passing(self, operation: str) -> AbstractAsyncContextManager[None]:
        """Let the call through."""
        return _Nothing()


class _Nothing(AbstractAsyncContextManager[None]):
    async def __aexit__(self, *_: object) -> None:
        return None


class VendorHttp:
    """Calls to one backend. `base_url` is scheme, host and port.

    `client` takes them there: a carrier, or any transport of httpx, or a client around one.
    """

    def __init__(
        self,
        *,
        backend: str,
        base_url: str,
        client: Carrier | httpx.AsyncBaseTransport | httpx.AsyncClient,
        gate: CallGate,
    ) -> None:
        self.backend = backend
        self.base_url = base_url.rstrip("/")
        self._carrier = client if isinstance(client, Carrier) else ThroughHttpx(client)
        self._gate = gate

    async def send(
        self, operation: str, sign: Callable[[], Awaitable[SignedCall]], *, write: bool = False
    ) -> VendorAnswer:
        """Send one request, once, and read the whole answer, whatever its status.

        `sign` is awaited once the budget lets the call through, so that its date and nonce are fresh. Raises
        BackendUnavailable, or OutcomeUnknown for a write that may have reached the vendor.
        """
        handed_over = False
        try:
            async with self._gate.passing(operation):
                call = await sign()
                handed_over = True
                return await self._carrier.carry(self.base_url, call)
        except NEVER_SENT as problem:
            raise self.unreachable(operation, type(problem).__name__) from problem
        except (httpx.HTTPError, TimeoutError) as problem:
            cause = "it took too long" if isinstance(problem, TimeoutError) else type(problem).__name__
            if write and handed_over:
                raise self.lost(operation, cause) from problem
            if isinstance(problem, TimeoutError | httpx.TimeoutException):
                raise TimedOut(str(self.unreachable(operation, cause)), backend=self.backend) from problem
            raise self.unreachable(operation, cause) from problem

    def unreachable(self, operation: str, cause: str) -> BackendUnavailable:
        """The error for a call that got no usable answer and changed nothing."""
        return BackendUnavailable(
            f"{operation} got no answer from backend {self.backend} ({cause}). Try again later.", backend=self.backend
        )

    def lost(self, operation: str, cause: str, request_id: str | None = None) -> OutcomeUnknown:
        """The error for a change that was sent and not answered."""
        return OutcomeUnknown(
            f"{operation} was sent to backend {self.backend} and its answer was lost ({cause}). "
            "It may have been carried out: read the object again before repeating anything.",
            check_after_seconds=5.0,
            request_id=request_id,
            backend=self.backend,
        )

    def failed(self, operation: str, answer: VendorAnswer, *, write: bool, request_id: str | None) -> GatewayError:
        """The error for an answer of status 5xx: the vendor, or something before it, broke down."""
        cause = f"HTTP {answer.status}"
        return self.lost(operation, cause, request_id) if write else self.unreachable(operation, cause)

    def throttled(self, operation: str, answer: VendorAnswer) -> Throttled:
        """The error for a vendor that asks to slow down, with its Retry-After in seconds where it gives one."""
        after = answer.headers.get("retry-after", "")
        return Throttled(
            f"Backend {self.backend} refused {operation}: too many calls. Wait before asking again.",
            retry_after_seconds=float(after) if after.replace(".", "", 1).isdigit() else None,
            backend=self.backend,
        )

    def unreadable(self, operation: str, answer: VendorAnswer, request_id: str | None = None) -> VendorRejected:
        """The error for a success whose body is not what the vendor documents."""
        return VendorRejected(
            f"Backend {self.backend} answered {operation} with something that cannot be read as its documented JSON.",
            http_status=answer.status,
            request_id=request_id,
            backend=self.backend,
        )
