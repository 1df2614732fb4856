"""SimulatedApi: the ASGI shell around a vendor's operations that applies faults and counts calls.

A vendor's simulator finds out which operation a request is, then hands over. Faults are applied here, in one place,
with the vendor's own bodies for throttling and errors.
"""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from gateway.vendorkit.simulation.faults import FaultKind, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions

DROP_EXTENSION = "ota.simulator.drop"


@dataclass(slots=True, kw_only=True)
class WireRequest:
    """A request as it came: nothing decoded, because signatures cover the raw bytes. Header names are lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class WireAnswer:
    """An answer to be sent."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class SimulatedApi(ABC):
    """The shell. A vendor supplies `operation_of`, `answer`, `throttled` and `failed`."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.calls: dict[str, int] = {}

    @abstractmethod
    def operation_of(self, request: WireRequest) -> str:
        """The vendor's name of the operation asked for, or a name of its own for what it does not know."""

    @abstractmethod
    def answer(self, operation: str, request: WireRequest, fault: FaultRule | None) -> WireAnswer:
        """Check the signature and carry the operation out. `fault` is given for REBORN only."""

    @abstractmethod
    def throttled(self, operation: str) -> WireAnswer:
        """The vendor's throttling answer."""

    @abstractmethod
    def failed(self, operation: str, status: int) -> WireAnswer:
        """The vendor's own answer of that 5xx status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        if request is None:
            return
        operation = self.operation_of(request)
        self.calls[operation] = self.calls.get(operation, 0) + 1
        fault = self.options.faults.draw(operation)
        kind = fault.fault if fault else None
        if fault and kind is FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        if kind is FaultKind.DROP:
            _drop(scope)
            return
        if kind is FaultKind.THROTTLE:
            reply = self.throttled(operation)
        elif fault and kind is FaultKind.ERROR:
            reply = self.failed(operation, fault.status)
        elif fault and kind is FaultKind.HTML:
            page = b"<html><head><title>Bad Gateway</title></head><body>upstream failed</body></html>"
            reply = WireAnswer(status=fault.status, body=page, headers={"content-type": "text/html"})
        else:
            reply = self.answer(operation, request, fault if kind is FaultKind.REBORN else None)
        if kind is FaultKind.ANSWER_LOST:
            _drop(scope)
            return
        await _send(send, reply, cut=kind is FaultKind.CUT)
        if kind is FaultKind.CUT:
            _drop(scope)


async def _read(scope: Scope, receive: Receive) -> WireRequest | None:
    """The whole request; None when its sender went away before it was: what came of it must not be carried out."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    return WireRequest(
        method=scope["method"],
        raw_path=raw_path.split(b"?")[0].decode("latin-1"),
        raw_query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=bytes(body),
    )


async def _send(send: Send, reply: WireAnswer, *, cut: bool) -> None:
    headers = {**reply.headers}
    if reply.status != 204:
        headers["content-length"] = str(len(reply.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    body = reply.body[: len(reply.body) // 2] if cut else reply.body
    await send({"type": "http.response.body", "body": body, "more_body": cut})


def _drop(scope: Scope) -> None:
    """Close the connection unanswered. Under a plain ASGI server an exception is the nearest thing to it."""
    drop = scope.get(DROP_EXTENSION)
    if drop is None:
        raise ConnectionResetError("the simulator dropped the connection")
    drop()
