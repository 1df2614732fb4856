"""DirectProtocol: uvicorn's HTTP protocol, with a shorter way for requests whose answer is there at once.

uvicorn makes a task for each request as soon as its head has come, which then waits for the body and writes head and
body of the answer separately. A query whose answer is kept needs none of that. Here a small request is looked at when
it is complete: what the application answers at once is written at once, in one piece. Everything else goes uvicorn's
way: requests the application wants to wait for, large ones, those that expect to be told to continue, other paths.
"""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

if TYPE_CHECKING:
    from gateway.web.application import Web

App = Any
"""An ASGI application, as uvicorn types it."""

_LARGEST_BODY: Final = 32 * 1024
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class DirectProtocol(HttpToolsProtocol):
    """Serves a `Web` application, and nothing else."""

    _idle_since: float | None = None
    _complete_later: tuple[RequestResponseCycle, App] | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: App) -> None:
        if (
            cycle.more_body
            and not cycle.waiting_for_100_continue
            and cycle.scope["method"] == "POST"
            and not _says_it_is_large(cycle)
        ):
            self._complete_later = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """A part of a request's body has come."""
        super().on_body(body)
        if self._complete_later is not None and len(self.cycle.body) > _LARGEST_BODY:
            self._go_the_long_way()

    def on_message_complete(self) -> None:
        """A request has come whole."""
        super().on_message_complete()
        waiting = self._complete_later
        if waiting is None or waiting[0] is not self.cycle:
            return
        self._complete_later = None
        cycle, app = waiting
        begun = None if self.flow.write_paused else self._begin(cycle)
        if isinstance(begun, Response):
            self._write(cycle, begun)
        elif begun is None:
            super()._start_asgi_task(cycle, app)
        else:
            super()._start_asgi_task(cycle, _answering(begun))

    def _begin(self, cycle: RequestResponseCycle) -> Response | Awaitable[Response] | None:
        try:
            return cast("Web", self.app).begin(cycle.scope, bytes(cycle.body))  # type: ignore[arg-type]
        # The parser would take it for a fault of the request. On the long way it is logged, and answered as our own.
        except Exception:  # noqa: BLE001
            return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it has not sent whole is not answered."""
        self._complete_later = None
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """An answer is out: the next request that waits is begun, or the connection is idle from now on.

        As uvicorn has it, but for the timer of idle connections: it is not set and taken back at each request. When its
        time has come, it looks for how long the connection has been idle.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_for_idleness_in(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def timeout_keep_alive_handler(self) -> None:
        """The time of an idle connection may be over."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_for_idleness_in(left)
        else:
            self.transport.close()

    def _look_for_idleness_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _go_the_long_way(self) -> None:
        waiting, self._complete_later = self._complete_later, None
        if waiting is not None:
            super()._start_asgi_task(*waiting)

    def _write(self, cycle: RequestResponseCycle, response: Response) -> None:
        parts = [_STATUS_LINES[response.status_code]]
        for name, value in (*cycle.default_headers, *response.raw_headers):
            parts += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", bytes(response.body))
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(parts))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _says_it_is_large(cycle: RequestResponseCycle) -> bool:
    for name, value in cycle.scope["headers"]:
        if name == b"content-length":
            # The parser has let digits through, and nothing else.
            return int(value) > _LARGEST_BODY
    return False


def _answering(begun: Awaitable[Response]) -> App:
    """An application that answers one request with what was begun."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        response = await begun
        await response(scope, receive, send)

    return app
