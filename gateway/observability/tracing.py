"""Tracing: a span for each operation and one for each attempt of a vendor call, in the trace that the caller is in.

Off, it costs one look at an attribute, and OpenTelemetry is not imported. No span holds a document, variables, headers
or what a vendor answered. Who traces passes in what makes a provider; `exporting.py` makes the one for OTLP.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from threading import Thread
from typing import TYPE_CHECKING, Final

import structlog

from gateway.domain.errors import ErrorCode, GatewayError, VendorRejected
from gateway.observability import errand

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_LONGEST_NAME: Final = 100
_CONTEXT_HEADERS: Final = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_LONGEST_HEADER: Final = 512
_LOOK: Final = 0.02
# What the vendor said no to in words of its own is its answer, and no fault of the call.
_ANSWERED: Final = frozenset({ErrorCode.NOT_FOUND, ErrorCode.INVALID_INPUT, ErrorCode.INVALID_STATE, ErrorCode.IN_USE})

_log = structlog.get_logger(__name__)
# The call whose attempt is under way, for what it takes along.
_calling: ContextVar["Span | None"] = ContextVar("vendor_call_span", default=None)


class Tracing:
    """Makes spans while it is open. `make` gives the provider of OpenTelemetry; without it tracing is never `on`."""

    def __init__(self, make: "Callable[[], TracerProvider] | None" = None) -> None:
        self._make = make
        self._tracer: Tracer | None = None
        self.on = False

    @asynccontextmanager
    async def open(self, left: Callable[[], float | None] = lambda: None) -> AsyncIterator[None]:
        """Trace while the block runs, then hand out what is left, within the seconds that `left` tells."""
        if self._make is None:
            yield
            return
        provider = self._make()
        self._tracer = provider.get_tracer("ota-gateway")
        self.on = True
        try:
            yield
        finally:
            self._tracer, self.on = None, False
            await _shut_down(provider, left())

    def operation(self, headers: Iterable[tuple[bytes, bytes]], method: str | None = None) -> "Span | None":
        """A span for one operation of a caller, in the trace that the headers name. `end_operation` ends it."""
        if self._tracer is None:
            return None
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only who traces needs it

        attributes = {"url.path": "/graphql"}
        if method is not None:
            attributes["http.request.method"] = method
        return self._tracer.start_span(
            "GraphQL Operation", context=_brought(headers), kind=SpanKind.SERVER, attributes=attributes
        )

    @contextmanager
    def work(self, name: str, backend: str) -> Iterator[None]:
        """Around what is done behind everybody's back: for no errand, and in a trace of its own."""
        with errand.apart():
            if self._tracer is None:
                yield
                return
            from opentelemetry.context import Context  # noqa: PLC0415

            span = self._tracer.start_span(name, context=Context(), attributes={"ota_gateway.backend": backend})
            own = errand.Errand("", "", 0.0, span)
            try:
                with errand.on(own):
                    yield
            finally:
                span.end()

    @contextmanager
    def vendor_call(self, backend: str, vendor: str, operation: str, resent: int) -> "Iterator[Span | None]":
        """Around one attempt of a vendor call. `resent` is how often the call was made before."""
        if self._tracer is None:
            yield None
            return
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        attributes: dict[str, str | int] = {
            "ota_gateway.backend": backend,
            "ota_gateway.vendor": vendor,
            "ota_gateway.vendor_operation": operation,
        }
        if resent:
            attributes["http.request.resend_count"] = resent
        span = self._tracer.start_span(
            f"{vendor} {operation}", context=_present_context(), kind=SpanKind.CLIENT, attributes=attributes
        )
        token = _calling.set(span)
        try:
            yield span
        finally:
            _calling.reset(token)
            span.end()


NO_TRACING: Final = Tracing()


def end_operation(one: errand.Errand, status: int | None, error: str | None) -> None:
    """End an operation's span with what came of it. `status` is that of HTTP, `error` names what failed."""
    span = one.span
    if span is None:
        return
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    if one.kind != "none":
        span.update_name(one.kind)
        span.set_attribute("graphql.operation.type", one.kind)
    if one.name is not None:
        span.set_attribute("graphql.operation.name", one.name[:_LONGEST_NAME])
    span.set_attribute("ota_gateway.transport", one.transport)
    span.set_attribute("ota_gateway.request_id", one.request_id)
    span.set_attribute("ota_gateway.outcome", one.outcome or "none")
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if error is not None:
        span.set_attribute("error.type", error)
    # As for HTTP: what the client did wrong is no error of the server.
    if one.outcome == "failed":
        span.set_status(StatusCode.ERROR)
    span.end()


def end_call(span: "Span", status: int | None, request_id: str | None, error: BaseException | None) -> None:
    """Note on a vendor call's span what came of it."""
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    if isinstance(error, VendorRejected):
        status = status or error.http_status
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    request_id = getattr(error, "request_id", None) or request_id
    if request_id is not None:
        span.set_attribute("ota_gateway.vendor_request_id", request_id[:_LONGEST_NAME])
    if error is not None:
        span.set_attribute("error.type", outcome_of(error))
        if not isinstance(error, asyncio.CancelledError) and getattr(error, "code", None) not in _ANSWERED:
            span.set_status(StatusCode.ERROR)


def outcome_of(problem: BaseException | None) -> str:
    """What an attempt of a vendor call came to, in one word: see VENDOR_CALLS in metrics."""
    if problem is None:
        return "ok"
    if isinstance(problem, GatewayError):
        return problem.code.value
    return "taken_back" if isinstance(problem, asyncio.CancelledError) else "not_understood"


def trace_id_of(span: "Span") -> str:
    """The id under which the trace is found, as W3C writes it."""
    return f"{span.get_span_context().trace_id:032x}"


def onward() -> Mapping[str, str]:
    """The headers by which a vendor call under way hands its trace on; none where tracing is off."""
    span = _calling.get()
    if span is None:
        return {}
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, set_span_in_context(span))
    return carrier


def _brought(headers: Iterable[tuple[bytes, bytes]]) -> "Context":
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    for name, value in headers:
        known = _CONTEXT_HEADERS.get(name)
        if known is not None and known not in carrier and len(value) <= _LONGEST_HEADER:
            carrier[known] = value.decode("latin-1")
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _present_context() -> "Context":
    """That of the errand under way; an empty one for what is done for nobody."""
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

    one = errand.present()
    if one is None or one.span is None:
        return Context()
    return set_span_in_context(one.span, Context())


async def _shut_down(provider: "TracerProvider", seconds: float | None) -> None:
    """A collector that does not answer is not waited for longer than that; the thread ends with the process."""
    ending = Thread(target=provider.shutdown, name="spans-handed-out", daemon=True)
    ending.start()
    loop = asyncio.get_running_loop()
    until = None if seconds is None else loop.time() + seconds
    while ending.is_alive() and (until is None or loop.time() < until):  # noqa: ASYNC110 - a thread tells no loop
        await asyncio.sleep(_LOOK)
    if ending.is_alive():
        _log.warning("spans_left", meaning="the collector did not take the last spans in time")
