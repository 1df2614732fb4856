"""Joined writes: the head and the body of an answer leave in one system call instead of two.

uvicorn writes both at once, one after the other, and the first of two writes goes to the kernel by itself. On answers
of a few kilobytes that second call is a tenth of what a request costs.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Joining:
    """A transport that holds a write back until the next one, or until the loop's next turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._held = data
            self._loop.call_soon(self.flush)
        else:
            held, self._held = self._held, None
            self.transport.writelines((held, data))

    def flush(self) -> None:
        """Write what is held."""
        held, self._held = self._held, None
        if held is not None:
            self.transport.write(held)

    def close(self) -> None:
        self.flush()
        self.transport.close()


class JoinedWritesProtocol(HttpToolsProtocol):
    """uvicorn's protocol for HTTP/1.1, over transports that join writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection begins."""
        super().connection_made(cast("asyncio.Transport", _Joining(transport, self.loop)))

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection belongs to websockets, whose messages are single writes."""
        joining = cast("_Joining", self.transport)
        joining.flush()
        self.transport = joining.transport
        super().handle_websocket_upgrade()
