"""Errands: each operation of a caller, from when it is looked at to what came of it: counted, traced, written down."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import cast

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.observability.errand import Errand, enter, leave, on
from gateway.observability.metrics import REQUEST_SECONDS, REQUESTS, SECONDS
from gateway.observability.tallies import Tally, Times, tally, times
from gateway.observability.tracing import NO_TRACING, Tracing, end_operation
from gateway.web.graphql_http import GraphQLOverHttp
from gateway.web.request_ids import made_up, request_id_of
from gateway.web.streams.answer import StreamedAnswer
from gateway.web.streams.operations import Results

_log = structlog.get_logger(__name__)


class Errands:
    """Begins and ends them. `log_requests` is whether each has a line in the log."""

    def __init__(self, tracing: Tracing = NO_TRACING, *, log_requests: bool = False) -> None:
        self._tracing = tracing
        self._log_requests = log_requests
        self._series: dict[tuple[str, str, str], tuple[Tally, Times]] = {}

    def begin(self, scope: Scope, transport: str, request_id: str | None = None) -> Errand:
        """One operation is looked at. An operation of a connection has an id of its own."""
        tracing = self._tracing
        span = tracing.operation(scope["headers"], scope.get("method")) if tracing.on else None
        return Errand(request_id or request_id_of(scope), transport, perf_counter(), span)

    def end(self, errand: Errand, scope: Scope, status: int | None = None) -> None:
        """It is answered; `status` is that of HTTP. What was no operation, such as a page, is not counted."""
        outcome = errand.outcome
        if outcome is None:
            if status is not None and status >= 400:
                outcome = "failed" if status >= 500 else "refused"
            elif errand.kind == "none":
                end_operation(errand, status, None)
                return
            else:
                outcome = "ok"
            errand.outcome = outcome
        seconds = perf_counter() - errand.since
        kind = errand.kind
        series = self._series.get((errand.transport, kind, outcome))
        if series is None:
            counted = tally(REQUESTS, errand.transport, kind, outcome)
            series = counted, times(REQUEST_SECONDS, SECONDS, kind)
            self._series[errand.transport, kind, outcome] = series
        series[0].count += 1
        if kind != "subscription":
            series[1].add(seconds)
        if errand.span is not None:
            end_operation(errand, status, None if outcome == "ok" else outcome)
        if self._log_requests:
            self._write_down(errand, scope, status, seconds)

    @contextmanager
    def standing(self, errand: Errand, scope: Scope, status: int | None = None) -> Iterator[None]:
        """Around an answer that goes on. That its client ends a subscription is as it should be."""
        try:
            with on(errand):
                yield
        except BaseException:
            if errand.kind != "subscription":
                errand.went("left")
            raise
        finally:
            self.end(errand, scope, status)

    async def told(self, scope: Scope, begun: Callable[[], Awaitable[Results]]) -> Results:
        """The results of one operation of a websocket, which has a task, and so a context, of its own."""
        errand = self.begin(scope, "websocket", made_up())
        with self.standing(errand, scope):
            results = await begun()
            try:
                async for result in results:
                    yield result
            finally:
                await results.aclose()

    def _write_down(self, errand: Errand, scope: Scope, status: int | None, seconds: float) -> None:
        principal = scope.get("principal")
        with on(errand):
            _log.info(
                "request",
                transport=errand.transport,
                operation=errand.kind,
                name=errand.name,
                outcome=errand.outcome,
                status=status,
                seconds=round(seconds, 6),
                principal=None if principal is None else principal.name,
            )


class ToldEndpoint:
    """The endpoint, with each request an errand."""

    def __init__(self, endpoint: GraphQLOverHttp, errands: Errands) -> None:
        self._endpoint = endpoint
        self._errands = errands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response = await self.answer(scope, receive)
        if response is not None:
            await response(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Response | None:
        """As GraphQLOverHttp does."""
        return await self._ended(self._errands.begin(scope, "http"), scope, self._endpoint.answer(scope, receive))

    def begin(self, scope: Scope, body: bytes) -> Response | Awaitable[Response]:
        """As GraphQLOverHttp does."""
        errand = self._errands.begin(scope, "http")
        token = enter(errand)
        try:
            begun = self._endpoint.begin(scope, body)
        finally:
            leave(token)
        if isinstance(begun, Response):
            self._errands.end(errand, scope, begun.status_code)
            return begun
        return cast("Awaitable[Response]", self._ended(errand, scope, begun))

    async def _ended(self, errand: Errand, scope: Scope, begun: Awaitable[Response | None]) -> Response | None:
        token = enter(errand)
        try:
            response = await begun
        except BaseException:
            errand.went("left")
            self._errands.end(errand, scope)
            raise
        finally:
            leave(token)
        if isinstance(response, StreamedAnswer):
            errand.transport = response.transport
            response.around = self._errands.standing(errand, scope, response.status_code)
            return response
        if response is None:
            errand.went("left")
        self._errands.end(errand, scope, None if response is None else response.status_code)
        return response
