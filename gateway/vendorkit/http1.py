"""Connection: one HTTP/1.1 connection to a vendor, one request at a time, parsed by llhttp (httptools).

A request is written once and never again, whatever becomes of the connection: who asked decides what a lost answer
means.
"""

import asyncio
import select
from collections.abc import Callable
from typing import NamedTuple, cast

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

LARGEST_ANSWER = 32 * 1024 * 1024
_LARGEST_HEAD = 100 * 1024
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Received(NamedTuple):
    """A whole answer. The body is as it was sent, compressed or not."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Connection(asyncio.Protocol):
    """`lost` is told, once, when the connection has ended, whoever ended it."""

    def __init__(self, lost: "Callable[[Connection], None]") -> None:
        self.idle_since = 0.0
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._readable = select.poll()
        self._answer: asyncio.Future[Received] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._status = 0
        self._received = self._head_bytes = 0
        self._head_ended = False
        self._ended = False
        self._reusable = False

    async def exchange(self, message: bytes) -> Received:
        """Write `message` and wait for its answer.

        Ends the connection when it is cancelled. Raises httpx.ConnectError when it had ended before, and nothing was
        written; httpx.RemoteProtocolError for an answer that is missing, cut, larger than LARGEST_ANSWER bytes as it
        is sent, or no HTTP, and httpx.ReadError for a connection that broke.
        """
        if self._transport.is_closing():
            raise httpx.ConnectError("The connection ended before anything was sent.")
        self._ended = self._reusable = False
        self._received = self._head_bytes = 0
        self._begin_head()
        self._answer = self._loop.create_future()
        self._transport.write(message)
        try:
            return await self._answer
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self._answer = None
            # An idle connection holds on to nothing of its last answer.
            self._headers, self._body = [], []

    @property
    def reusable(self) -> bool:
        """Whether another request may follow: the vendor keeps the connection, and has sent nothing unasked for."""
        return self._reusable and not self._transport.is_closing()

    @property
    def fresh(self) -> bool:
        """Whether an idle connection still stands: nothing waits to be read on it, not even its end."""
        return not self._transport.is_closing() and not self._readable.poll(0)

    def close(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    # ------------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class
        self._parser = HttpResponseParser(self)
        self._readable.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._answer is None or self._answer.done():
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as problem:
            self._fail(httpx.RemoteProtocolError(f"The answer is no HTTP/1.1: {type(problem).__name__}."))
            return
        if self._ended:
            self._answer.set_result(Received(self._status, self._headers, _joined(self._body)))
        elif not self._head_ended:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD:
                self._fail(httpx.RemoteProtocolError(f"The head of the answer exceeds {_LARGEST_HEAD} bytes."))
        else:
            self._received += len(data)
            if self._received > LARGEST_ANSWER:
                self._fail(httpx.RemoteProtocolError(f"The answer exceeds {LARGEST_ANSWER} bytes."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._reusable = False
        del self._parser  # it and the connection hold each other
        if self._answer is not None and not self._answer.done():
            if exc is not None:
                self._answer.set_exception(httpx.ReadError(f"The connection broke ({type(exc).__name__})."))
            elif self._head_ended and not any(name.lower() in _FRAMING for name, _ in self._headers):
                self._answer.set_result(Received(self._status, self._headers, _joined(self._body)))
            else:
                where = "inside its answer" if self._status else "without an answer"
                self._answer.set_exception(httpx.RemoteProtocolError(f"The connection was closed {where}."))
        self._lost(self)

    def _fail(self, problem: httpx.TransportError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(problem)
        self._transport.abort()

    # ------------------------------------------------------------------ httptools' callbacks

    def on_message_begin(self) -> None:
        """Called by the parser: a second answer to one request poisons the connection."""
        if self._ended:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, for trailers too."""
        if not self._head_ended:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if not self._ended:
            self._head_ended = True
            self._status = self._parser.get_status_code()
            if self._status < 100:
                # The parser takes any three digits, and no answer would follow this one as it follows 1xx.
                raise ValueError("no status of HTTP")

    def on_body(self, part: bytes) -> None:
        """Called by the parser."""
        if not self._ended:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """Called by the parser. An interim answer (1xx) is followed by the one that counts, and is part of its head."""
        if self._status < 200:
            self._begin_head()
        elif not self._ended:
            self._ended = True
            self._reusable = self._parser.should_keep_alive()

    def _begin_head(self) -> None:
        self._headers = []
        self._status = 0
        self._head_ended = False


def _joined(parts: list[bytes]) -> bytes:
    return parts[0] if len(parts) == 1 else b"".join(parts)
