"""TcpProxy: stands between the gateway and a vendor on loopback, and does to their bytes what networks do.

It knows where HTTP/1.1 requests and answers with a length begin and end, and nothing else of them.
"""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TRICKLED_BYTES = 7


class Trouble(StrEnum):
    """What happens to an exchange. Those until BLACK_HOLE keep the request from the vendor; the rest let it through."""

    REFUSED = "connection refused"
    CLOSED_ON_ACCEPT = "closed on accept"
    RESET_ON_ACCEPT = "reset on accept"
    REQUEST_CUT = "request cut"
    BLACK_HOLE = "black hole"
    ANSWER_SWALLOWED = "answer swallowed"
    ANSWER_DELAYED = "answer delayed"
    ANSWER_TRICKLES = "answer trickles"
    CLOSED_UNANSWERED = "closed unanswered"
    RESET_UNANSWERED = "reset unanswered"
    HEAD_CUT = "head cut"
    HEAD_RESET = "reset in the head"
    BODY_CUT = "body cut"
    BODY_RESET = "reset in the body"
    STATUS_CORRUPTED = "status line corrupted"
    HEADER_CORRUPTED = "header corrupted"
    BODY_CORRUPTED = "body corrupted"
    CHUNKS_CORRUPTED = "chunk size corrupted"
    LENGTH_TOO_LONG = "length too long"
    LENGTH_TOO_SHORT = "length too short"
    ANSWER_TWICE = "answer twice"


_AT_ACCEPT = frozenset({Trouble.CLOSED_ON_ACCEPT, Trouble.RESET_ON_ACCEPT})


@dataclass
class TcpProxy:
    """`trouble` befalls the exchanges whose request `concerns` says, from now on; None lets all pass untouched.

    `seconds` is how long a delayed answer is late, and a trickling one pauses. `struck` counts what it befell.
    """

    url: str
    upstream: tuple[str, int]
    trouble: Trouble | None = None
    concerns: Callable[[bytes], bool] = lambda _: True
    seconds: float = 0.5
    struck: int = 0
    _port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _serving: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def listen(self) -> None:
        """Take connections, again if it was refused."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def begin(self, trouble: Trouble, concerns: Callable[[bytes], bool] = lambda _: True) -> None:
        """Have it happen from here on. Connections that stand go on, but for what happens as they begin."""
        self.trouble, self.concerns, self.struck = trouble, concerns, 0
        if trouble in _AT_ACCEPT or trouble is Trouble.REFUSED:
            if trouble is Trouble.REFUSED and self._server is not None:
                self._server.close()
            await self.hang_up()

    async def end(self) -> None:
        """Let everything pass again."""
        refused = self.trouble is Trouble.REFUSED
        self.trouble = None
        if refused:
            await self.listen()

    async def hang_up(self) -> None:
        """Close every connection that stands."""
        for writer in tuple(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.close()
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await self.hang_up()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        onward: asyncio.StreamWriter | None = None
        try:
            if self.trouble in _AT_ACCEPT:
                self.struck += 1
                _end(writer, reset=self.trouble is Trouble.RESET_ON_ACCEPT)
                return
            back, onward = await asyncio.open_connection(*self.upstream)
            while request := await _message(reader):
                if not await self._exchange(request, reader, writer, back, onward):
                    return
        except (asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
        except asyncio.CancelledError:
            # Only `aclose` does that, and asyncio's streams take it for a fault of the handler.
            writer.transport.abort()
        finally:
            self._serving.discard(serving)
            self._writers.discard(writer)
            writer.close()
            if onward is not None:
                onward.close()

    async def _exchange(
        self,
        request: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> bool:
        """Carry one request and its answer; whether the connection goes on."""
        trouble = self.trouble if self.trouble is not None and self.concerns(request) else None
        self.struck += trouble is not None
        match trouble:
            case Trouble.REQUEST_CUT:
                onward.write(request[: len(request) // 2])
                await onward.drain()
                return False
            case Trouble.BLACK_HOLE:
                await reader.read()
                return False
        onward.write(request)
        answer = await _message(back)
        match trouble:
            case Trouble.ANSWER_SWALLOWED:
                await reader.read()
                return False
            case Trouble.CLOSED_UNANSWERED | Trouble.RESET_UNANSWERED:
                _end(writer, reset=trouble is Trouble.RESET_UNANSWERED)
                return False
            case Trouble.ANSWER_DELAYED:
                await asyncio.sleep(self.seconds)
            case Trouble.ANSWER_TRICKLES:
                for start in range(0, len(answer), _TRICKLED_BYTES):
                    writer.write(answer[start : start + _TRICKLED_BYTES])
                    await writer.drain()
                    await asyncio.sleep(self.seconds / 8)
                return True
        cut = _CUT.get(trouble) if trouble is not None else None
        writer.write(answer if trouble is None or trouble not in _MADE else _MADE[trouble](answer))
        await writer.drain()
        if cut is not None:
            # What was written is on its way before the end follows it.
            await asyncio.sleep(0.01)
            _end(writer, reset=cut)
        return cut is None


def _split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def _half_a_head(answer: bytes) -> bytes:
    head, _ = _split(answer)
    return head[: len(head) // 2]


def _half_a_body(answer: bytes) -> bytes:
    head, body = _split(answer)
    return head + b"\r\n\r\n" + body[: len(body) // 2]


def _odd_status(answer: bytes) -> bytes:
    return answer[:10] + b"\xff" + answer[11:]


def _odd_header(answer: bytes) -> bytes:
    line = answer.index(b"\r\n") + 2
    return answer[:line] + b"\x00\xff" + answer[line + 2 :]


def _odd_body(answer: bytes) -> bytes:
    head, body = _split(answer)
    middle = len(body) // 2
    return head + b"\r\n\r\n" + body[:middle] + b"\xff" * bool(body) + body[middle + 1 :]


def _odd_chunks(answer: bytes) -> bytes:
    head, body = _split(answer)
    head = _LENGTH.sub(b"\r\ntransfer-encoding: chunked", head)
    return head + b"\r\n\r\n" + b"%xZ\r\n" % len(body) + body + b"\r\n0\r\n\r\n"


def _length_changed(answer: bytes, by: int) -> bytes:
    found = _LENGTH.search(answer)
    if found is None:
        return answer.replace(b"\r\n\r\n", b"\r\ncontent-length: %d\r\n\r\n" % max(0, by), 1)
    length = max(0, int(found[1]) + by)
    return answer[: found.start(1)] + b"%d" % length + answer[found.end(1) :]


_MADE: dict[Trouble, Callable[[bytes], bytes]] = {
    Trouble.HEAD_CUT: _half_a_head,
    Trouble.HEAD_RESET: _half_a_head,
    Trouble.BODY_CUT: _half_a_body,
    Trouble.BODY_RESET: _half_a_body,
    Trouble.STATUS_CORRUPTED: _odd_status,
    Trouble.HEADER_CORRUPTED: _odd_header,
    Trouble.BODY_CORRUPTED: _odd_body,
    Trouble.CHUNKS_CORRUPTED: _odd_chunks,
    Trouble.LENGTH_TOO_LONG: lambda answer: _length_changed(answer, 9),
    Trouble.LENGTH_TOO_SHORT: lambda answer: _length_changed(answer, -9),
    Trouble.ANSWER_TWICE: lambda answer: answer + answer,
}
_CUT = {Trouble.HEAD_CUT: False, Trouble.BODY_CUT: False, Trouble.HEAD_RESET: True, Trouble.BODY_RESET: True}
_ENDLESS = struct.pack("ii", 1, 0)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A whole request or answer; empty at the end. Raises IncompleteReadError inside one."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return b""
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ENDLESS)
        writer.transport.abort()
    else:
        writer.close()


@asynccontextmanager
async def tcp_proxy(upstream: str) -> AsyncIterator[TcpProxy]:
    """A proxy before the server at that base URL, while the block runs."""
    parts = urlsplit(upstream)
    proxy = TcpProxy("", (parts.hostname or "127.0.0.1", parts.port or 80))
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.aclose()
