"""DirectProtocol: HTTP with a shorter way for requests whose answer is there at once.

uvicorn makes a task for each request as soon as its head has come, which then waits for the body and writes head and
body of the answer separately. A query whose answer is kept needs none of that. Here a small request is looked at when
it is complete: what the application answers at once is written at once, in one piece. Everything else goes uvicorn's
way: requests the application wants to wait for, large ones, those that expect to be told to continue, other paths.

The work for a request ends with its connection. What must not end so, the application holds on to itself.
"""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.cli.bounded_http import BoundedProtocol
from gateway.cli.tls import shown_by

App = Any
"""An ASGI application, as uvicorn types it."""

_LARGEST_BODY: Final = 32 * 1024
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class DirectProtocol(BoundedProtocol):
    """Serves a `Web` application, and nothing else."""

    _shown: dict[str, Any] | None = None
    _complete_later: tuple[RequestResponseCycle, App] | None = None
    _working: "tuple[RequestResponseCycle, asyncio.Task[None]] | None" = None

    def connection_made(self, transport: "asyncio.Transport") -> None:  # type: ignore[override]
        """A client has connected, and shown a certificate or none."""
        super().connection_made(transport)
        if transport.get_extra_info("ssl_object") is not None:
            self._shown = shown_by(transport)

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        super().on_message_begin()
        if self._shown:
            self.scope["extensions"] = self._shown

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: App) -> None:
        if self.web.leaving.begun and not self.pipeline:
            cycle.keep_alive = False
        if (
            cycle.more_body
            and not cycle.waiting_for_100_continue
            and cycle.scope["method"] == "POST"
            and not _says_it_is_large(cycle)
        ):
            self._complete_later = (cycle, app)
        else:
            self._work(cycle, app)

    def _work(self, cycle: RequestResponseCycle, app: App) -> None:
        task = self.loop.create_task(cycle.run_asgi(_while_connected(cycle, app)))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        self._working = (cycle, task)

    def _waits_for_body(self) -> bool:
        return self._complete_later is not None and self._complete_later[0] is self.cycle and not self.pipeline

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
            self._work(cycle, app)
        else:
            self._work(cycle, _answering(begun))

    def _begin(self, cycle: RequestResponseCycle) -> Response | Awaitable[Response] | None:
        try:
            return self.web.begin(cycle.scope, bytes(cycle.body))  # type: ignore[arg-type]
        # The parser would take it for a fault of the request. On the long way it is logged, and answered as our own.
        except Exception:  # noqa: BLE001
            return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it has not sent whole is not answered, and what it waited for is given up."""
        self._complete_later = None
        self.pipeline.clear()
        if self._working is not None:
            cycle, task = self._working
            # uvicorn tells the latest request alone, which may be waiting behind this one.
            cycle.disconnected = not cycle.response_complete
            # Work that was begun in this turn of the loop takes its first step before.
            self.loop.call_soon(task.cancel)
        super().connection_lost(exc)

    def _go_the_long_way(self) -> None:
        waiting, self._complete_later = self._complete_later, None
        if waiting is not None:
            self._work(*waiting)

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


def _while_connected(cycle: RequestResponseCycle, app: App) -> App:
    """The application, which may be cancelled once its client has gone."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not cycle.disconnected and not cycle.response_complete:
                raise

    return serve


def _answering(begun: Awaitable[Response]) -> App:
    """An application that answers one request with what was begun."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        response = await begun
        await response(scope, receive, send)

    return app
