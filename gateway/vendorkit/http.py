"""VendorHttp: one call to a vendor, through any httpx transport, with what the network may do to it in domain errors.

Transports raise httpx's exceptions, and this is the only place that reads them. They fall in two: the request surely
never reached the vendor, or it may have. For a read both mean BackendUnavailable; for a write the second means
OutcomeUnknown: it may be done.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Protocol

import httpx
import msgspec

from gateway.domain.errors import BackendUnavailable, GatewayError, OutcomeUnknown, Throttled, TimedOut, VendorRejected

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class SignedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request ready for the wire. `target` is path and query, percent-encoded, sent exactly as it stands.

    `Host`, so written, replaces the one of the base URL.
    """

    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None


class VendorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is one of success; some vendors still say no inside."""
        return 200 <= self.status < 300


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

    `client` takes requests there: a transport as it is, or a client around one.
    """

    def __init__(
        self,
        *,
        backend: str,
        base_url: str,
        client: httpx.AsyncBaseTransport | httpx.AsyncClient,
        gate: CallGate,
    ) -> None:
        self.backend = backend
        self.base_url = base_url.rstrip("/")
        self._carry = client.send if isinstance(client, httpx.AsyncClient) else client.handle_async_request
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
                request = _request(self.base_url, await sign())
                handed_over = True
                response = await self._carry(request)
                body = await _whole(response)
        except NEVER_SENT as problem:
            raise self.unreachable(operation, type(problem).__name__) from problem
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as problem:
            cause = "it took too long" if isinstance(problem, TimeoutError) else type(problem).__name__
            if write and handed_over:
                raise self.lost(operation, cause) from problem
            if isinstance(problem, TimeoutError | httpx.TimeoutException):
                raise TimedOut(str(self.unreachable(operation, cause)), backend=self.backend) from problem
            raise self.unreachable(operation, cause) from problem
        return VendorAnswer(status=response.status_code, headers=response.headers, body=body)

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


_ALWAYS_SENT = ((b"Accept-Encoding", b"gzip, deflate"), (b"User-Agent", b"ota-gateway"))
_WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})


def _request(base_url: str, call: SignedCall) -> httpx.Request:
    """The call as httpx's transports take it; what a client would add of its own is left out."""
    url = _parsed(base_url + call.target)
    headers = [*_ALWAYS_SENT] if "Host" in call.headers else [(b"Host", url.netloc), *_ALWAYS_SENT]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in call.headers.items()]
    body = call.body or b""
    if body or call.method in _WITH_A_BODY:
        headers.append((b"Content-Length", b"%d" % len(body)))
    return httpx.Request(
        call.method,
        url,
        headers=headers,
        stream=httpx.ByteStream(body),
        # httpx puts a URL in order before it sends it; this is sent as it was signed.
        extensions={"target": call.target.encode("ascii")},
    )


# Reading a URL costs more than all else here, and a backend is asked for the same few again and again.
_parsed = lru_cache(maxsize=1024)(httpx.URL)


async def _whole(response: httpx.Response) -> bytes:
    """The body, decompressed. Raises httpx.DecodingError when it is not what its encoding says."""
    if type(response.stream) is httpx.ByteStream and "content-encoding" not in response.headers:
        return b"".join(response.stream)
    try:
        return await response.aread()
    finally:
        await response.aclose()
