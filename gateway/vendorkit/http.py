"""VendorHttp: one call to a vendor, with what the network may do to it in domain errors.

What carries calls raises httpx's exceptions, and this is the only place that reads them. They fall in two: the
request surely never reached the vendor, or it may have. For a read both mean BackendUnavailable; for a write the second
means OutcomeUnknown: it may be done.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import httpx

from gateway.domain.errors import BackendUnavailable, GatewayError, OutcomeUnknown, Throttled, TimedOut, VendorRejected
from gateway.vendorkit.calls import Carrier, SignedCall, VendorAnswer, with_more
from gateway.vendorkit.echoes import without_echoes
from gateway.vendorkit.through_httpx import ThroughHttpx

__all__ = ["NEVER_SENT", "CallGate", "OpenGate", "SignedCall", "VendorAnswer", "VendorCall", "VendorHttp"]

Understood = TypeVar("Understood")
Answer_co = TypeVar("Answer_co", covariant=True)

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class VendorCall(Protocol[Answer_co]):
    """A call to a vendor as a gate sees it. `write` says that it changes something: it may be attempted once only.

    `operation` is the vendor's name for what is asked, `answer` what came back for the present attempt, once it has.
    """

    operation: str
    write: bool
    answer: VendorAnswer | None

    async def attempt(self) -> Answer_co:
        """Sign it, send it once, and read its answer. Raises the GatewayError that it comes to."""
        ...

    def too_late(self) -> GatewayError:
        """The error for an attempt that was ended because its time was over."""
        ...


class CallGate(Protocol):
    """What every vendor call passes: it decides when, whether and how often a call is attempted, and for how long."""

    async def carry(self, call: VendorCall[Understood]) -> Understood:
        """Give what the call comes to. Raises GatewayError."""
        ...


class OpenGate:
    """A gate that neither waits nor limits nor repeats, for probes and tests."""

    async def carry(self, call: VendorCall[Understood]) -> Understood:
        """Let the call through."""
        return await call.attempt()


class VendorHttp:
    """Calls to one backend. `base_url` is scheme, host and port.

    `client` takes them there: a carrier, or any transport of httpx, or a client around one. `secrets` are those of the
    backend's configuration, which no answer is to repeat. `onward` gives headers that go along unsigned.
    """

    def __init__(
        self,
        *,
        backend: str,
        base_url: str,
        client: Carrier | httpx.AsyncBaseTransport | httpx.AsyncClient,
        gate: CallGate,
        secrets: Sequence[str] = (),
        onward: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self.backend = backend
        self.onward = onward
        self.secrets = secrets
        self.base_url = base_url.rstrip("/")
        self._carrier = client if isinstance(client, Carrier) else ThroughHttpx(client)
        self._gate = gate

    async def send(
        self,
        operation: str,
        sign: Callable[[], Awaitable[SignedCall]],
        understand: Callable[[VendorAnswer], Understood],
        *,
        write: bool = False,
    ) -> Understood:
        """Send one request, a read perhaps more than once, and give what `understand` makes of its answer.

        `understand` is given whole answers of any status, and raises the GatewayError that a refusal means. `sign` is
        awaited once the gate lets an attempt through, so that its date and nonce are fresh. Raises what they do,
        BackendUnavailable, or OutcomeUnknown for a write that may have reached the vendor.
        """
        return await self._gate.carry(_Call(self, self._carrier, operation, sign, understand, write))

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
            retry_after_seconds=float(after) if _SECONDS.fullmatch(after) else None,
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


@dataclass(slots=True)
class _Call(Generic[Understood]):
    """One call of VendorHttp. `handed_over` tells whether the present attempt may have reached the vendor."""

    http: VendorHttp
    carrier: Carrier
    operation: str
    sign: Callable[[], Awaitable[SignedCall]]
    understand: Callable[[VendorAnswer], Understood]
    write: bool
    handed_over: bool = False
    answer: VendorAnswer | None = None

    async def attempt(self) -> Understood:
        """As VendorCall says."""
        self.handed_over = False
        self.answer = None
        try:
            signed = await self.sign()
            if self.http.onward is not None:
                signed = with_more(signed, self.http.onward())
            self.handed_over = True
            self.answer = answer = await self.carrier.carry(self.http.base_url, signed)
        except NEVER_SENT as problem:
            raise self.http.unreachable(self.operation, type(problem).__name__) from problem
        except TimeoutError as problem:
            raise self.too_late() from problem
        except httpx.HTTPError as problem:
            cause = type(problem).__name__
            if self.write and self.handed_over:
                raise self.http.lost(self.operation, cause) from problem
            if isinstance(problem, httpx.TimeoutException):
                raise self._timed_out(cause) from problem
            raise self.http.unreachable(self.operation, cause) from problem
        return self.understand(without_echoes(signed, answer, self.http.secrets))

    def too_late(self) -> GatewayError:
        """As VendorCall says."""
        cause = "it took too long"
        return self.http.lost(self.operation, cause) if self.write and self.handed_over else self._timed_out(cause)

    def _timed_out(self, cause: str) -> TimedOut:
        return TimedOut(str(self.http.unreachable(self.operation, cause)), backend=self.http.backend)
