"""RawServer: a loopback server that answers each request with the bytes a test wrote down, one piece at a time."""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANG_UP = None
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def ok(body: bytes = b"{}", *headers: bytes) -> bytes:
    """A whole answer."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


@dataclass
class RawServer:
    """`requests` are the bytes of each, `connections` counts those ever opened, `open` and `left` those that stand
    now and those that the client ended.

    `answers` are used in order, the last one for all that follow. Each is a sequence of pieces, which leave one by
    one; HANG_UP closes the connection; a sequence that ends without it leaves the connection open.
    """

    url: str
    answers: deque[Sequence[bytes | None]]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    left: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, holds: Callable[["RawServer"], bool]) -> None:
        """Wait for a state. Raises TimeoutError when it does not come."""
        async with asyncio.timeout(10):
            while not holds(self):
                self._changed.clear()
                await self._changed.wait()

    async def hang_up(self) -> None:
        """Close every connection that stands."""
        for writer in tuple(self._writers):
            writer.close()
        await self.until(lambda server: not server.open)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open += 1
        self._writers.add(writer)
        self._changed.set()
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                self.requests.append(head + body)
                self._changed.set()
                for piece in self.answers.popleft() if len(self.answers) > 1 else self.answers[0]:
                    if piece is HANG_UP:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.005)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left += 1
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()
            self._changed.set()


@asynccontextmanager
async def raw_server(*answers: Sequence[bytes | None], tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """The server, while the block runs."""
    found = RawServer("", deque(answers or [[ok()]]))
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=tls)
    found.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
        await found.hang_up()
