"""BoundedProtocol: uvicorn's HTTP protocol, for whom any bytes may come from anybody.

Each connection has one timer, and what a client may take of the process has a bound: how long a request comes in, how
long nothing is asked or read, how long its head is, how many connections there are. What is beyond a bound, or no HTTP,
is answered by 4xx where that cannot be taken for the answer to something else, and closed.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final, cast

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.cli.tls import shown_by

if TYPE_CHECKING:
    import asyncio
    from asyncio.events import TimerHandle

    from gateway.web import Web

HEAD_LIMIT: Final = 32 * 1024
_TOO_LONG: Final = "The head of the request is too long."
_SAID_AGAIN_AFTER: Final = 10.0

_log = structlog.get_logger(__name__)


class HeadTooLarge(Exception):
    """The request's head is longer than HEAD_LIMIT."""


class BoundedProtocol(HttpToolsProtocol):
    """Serves a `Web` application, within the bounds that its settings have.

    `_due` is the moment at which the connection is given up, unless it has moved on; None while the gateway is to move.
    """

    _due: float | None = None
    _timer: "TimerHandle | None" = None
    _in_head = False
    _in_body = False
    _head_bytes = 0
    _last_bytes = 0
    _unsent = 0
    _unsent_since = 0.0
    _full_said: ClassVar[float] = float("-inf")

    def connection_made(self, transport: "asyncio.Transport") -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self.web = cast("Web", self.app)
        bounds = self.web.server
        self._read_seconds = bounds.read_timeout.total_seconds()
        # No bound is shorter, so that none is noticed late.
        self._look_seconds = min(self._read_seconds, self.timeout_keep_alive)
        if len(self.connections) > bounds.max_connections:
            self._say_it_is_full(bounds.max_connections)
            transport.close()
            return
        self._due = self.loop.time() + self._read_seconds
        self._look_in(self._look_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        self._stop_looking()
        super().connection_lost(exc)

    # ------------------------------------------------------------------ what comes in

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self.transport.is_closing():
            return
        self._last_bytes = len(data)
        # As uvicorn has it, but for its line in the log, of which anybody could write as many as they like.
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as problem:
            if isinstance(problem.__context__, HeadTooLarge):
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LONG)
            else:
                self.send_400_response("This is no HTTP request.")
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LONG)

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._due = self.loop.time() + self._read_seconds

    def on_headers_complete(self) -> None:
        """The head of a request has come. Raises HeadTooLarge, which ends the connection."""
        self._in_head, self._in_body = False, True
        if self._head_bytes + self._last_bytes > HEAD_LIMIT:
            length = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if length > HEAD_LIMIT:
                raise HeadTooLarge
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self._in_body = False
        self._due = self.loop.time() + self.timeout_keep_alive if self._is_answered() else None
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Go on as a websocket, where the request may ask for it."""
        if not self._is_answered() or self.parser.get_method() != b"GET" or self.parser.get_http_version() != "1.1":
            self.send_400_response("This cannot become a websocket.")
            return
        self._stop_looking()
        super().handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        # The websocket's own reader of heads is stricter, and keeps silent about what it does not take.
        if isinstance(protocol, WebSocketsSansIOProtocol) and not protocol.handshake_initiated:
            self._write_refusal(HTTPStatus.BAD_REQUEST, "This cannot become a websocket.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request. An answer that is due before is written first, and ends the connection."""
        if self._is_answered() or self._waits_for_body():
            self._refuse(HTTPStatus.BAD_REQUEST, msg)
        elif self.cycle.more_body:
            self.transport.close()
        else:
            self.cycle.keep_alive = False
            self._due = None

    # ------------------------------------------------------------------ what has gone out

    def on_response_complete(self) -> None:
        """An answer is out: the next request that waits is begun, or the connection is idle from now on."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif not self._in_head and not self._in_body:
            self._due = self.loop.time() + self.timeout_keep_alive

    def _unset_keepalive_if_required(self) -> None:
        """Nothing: the one timer goes on, and looks at `_due`."""

    def _is_answered(self) -> bool:
        """Whether no request is between its head and the end of its answer."""
        # uvicorn has no cycle before the first request, which its types do not tell.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _waits_for_body(self) -> bool:
        """Whether nobody works at the request that is coming in, so that it may be refused as it stands."""
        return False

    # ------------------------------------------------------------------ the timer

    def _look_in(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._look)

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self.loop.time()
        if self._takes_nothing(now):
            self.transport.abort()
            return
        if self._due is not None and self._due <= now:
            # Where it is not the client that is slow, or it still takes its answer, it has time again.
            if not self.flow.read_paused and not self._unsent:
                self._give_up()
            self._due = now + self._read_seconds
        left = self._look_seconds if self._due is None else min(self._due - now, self._look_seconds)
        self._look_in(left)

    def _takes_nothing(self, now: float) -> bool:
        """Whether something is to be sent, and the client has taken none of it for as long as it may take to read."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        if not self._unsent or self._unsent != before:
            self._unsent_since = now
        return now - self._unsent_since >= self._read_seconds

    def _give_up(self) -> None:
        if self._in_head or self._waits_for_body():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not come in time.")
        else:
            self.transport.close()

    # ------------------------------------------------------------------ refusing

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        if self._is_answered() or self._waits_for_body():
            self._write_refusal(status, message)
        else:
            self.transport.close()

    def _write_refusal(self, status: HTTPStatus, message: str) -> None:
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(message)}\r\nconnection: close\r\n\r\n{message}"
        )
        self.transport.write(lines.encode())
        self.transport.close()

    def _say_it_is_full(self, limit: int) -> None:
        now = self.loop.time()
        if now - BoundedProtocol._full_said > _SAID_AGAIN_AFTER:
            BoundedProtocol._full_said = now
            _log.warning("too_many_connections", limit=limit, meaning="further ones are closed unanswered")


class BoundedWebsocket(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol, which tells of bad text without a traceback, and of client certificates.

    A client that does not read is sent no answers to its pings beyond the buffer's mark, but for the latest, and is
    given up when it takes nothing for as long as a request may take to be read.
    """

    _pong = b""
    _unsent = 0
    _patience: "TimerHandle | None" = None

    async def run_asgi(self) -> None:
        """Serve the connection."""
        extensions: dict[str, object] = {**(self.scope["extensions"] or {}), **shown_by(self.transport)}
        self.scope["extensions"] = cast("dict[str, dict[object, object]]", extensions)
        await super().run_asgi()

    def handle_ping(self) -> None:
        """Answer a ping, or keep the answer until there is room for it."""
        output = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(output)
        elif output:
            self._pong = output

    def pause_writing(self) -> None:
        """The client reads more slowly than it is sent."""
        super().pause_writing()
        self._wait_for_it()

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._be_patient_no_more()
        pong, self._pong = self._pong, b""
        if pong and not self.transport.is_closing():
            self.transport.write(pong)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        self._be_patient_no_more()
        super().connection_lost(exc)

    def send_receive_event_to_app(self) -> None:
        """Hand a message on, once it is whole."""
        if self.curr_msg_data_type == "text":
            try:
                self.frames = [b"".join(self.frames)]
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.conn.fail(1007, "not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def _wait_for_it(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        seconds = cast("Web", self.app).server.read_timeout.total_seconds()
        self._patience = self.loop.call_later(seconds, self._look)

    def _look(self) -> None:
        if self.transport.get_write_buffer_size() >= self._unsent:
            self.transport.abort()
        else:
            self._wait_for_it()

    def _be_patient_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
