"""DrainingServer: uvicorn's server, which ends connections in their order and within what time is left.

1. The listener closes. Who is being answered is told `Connection: close`; who asks for nothing is closed.
2. Streams over websockets and HTTP end, and tell their clients so.
3. Requests under way are answered.
4. What is left when the time is over, or when the process was told again, is cut: to the application that is a client
   that has gone, so reads are taken back and changes go on.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    import socket

    from gateway.web import Web

# What had come before the listener closed is read in this time.
_LAST_REQUESTS = 0.1
# So long a websocket's client may take to answer the close, and cut work to clean up.
_LAST_WORDS = 1.0
_LOOK = 0.05

_log = structlog.get_logger(__name__)


class DrainingServer(uvicorn.Server):
    """Serves a `Web` application, which knows when to end and how long that may take."""

    def __init__(self, config: uvicorn.Config, app: "Web") -> None:
        super().__init__(config)
        self._app = app

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing: the command listens to signals, also while there is no server yet or any more."""
        yield

    async def shutdown(self, sockets: "list[socket.socket] | None" = None) -> None:
        """End every connection."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        connections = self.server_state.connections
        _log.info("going_down", step="no new connections", connections=len(connections))
        await asyncio.sleep(_LAST_REQUESTS)
        for connection in tuple(connections):
            if not isinstance(connection, WebSocketsSansIOProtocol):
                connection.shutdown()
        await self._end_streams()
        await self._finish_requests()

    async def _end_streams(self) -> None:
        if self._app.open_streams:
            _log.info("going_down", step="ending streams", streams=self._app.open_streams)
        ending = asyncio.create_task(self._app.end_streams())
        await self._until(ending.done)
        ending.cancel()
        with suppress(asyncio.CancelledError):
            await ending
        loop = asyncio.get_running_loop()
        last = loop.time() + _LAST_WORDS
        await self._until(lambda: not self._websockets() or loop.time() > last)
        for connection in self._websockets():
            connection.shutdown()

    async def _finish_requests(self) -> None:
        state = self.server_state
        if state.connections or state.tasks:
            _log.info("going_down", step="finishing requests", requests=len(state.tasks))
        await self._until(lambda: not state.connections and not state.tasks)
        if not state.connections and not state.tasks:
            return
        _log.warning("going_down", step="cutting requests", connections=len(state.connections))
        for connection in tuple(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(set(state.tasks), timeout=_LAST_WORDS)

    def _websockets(self) -> list[WebSocketsSansIOProtocol]:
        return [one for one in self.server_state.connections if isinstance(one, WebSocketsSansIOProtocol)]

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait for something, while there is time."""
        leaving = self._app.leaving
        while not holds() and leaving.left() > 0 and not leaving.hurried:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(_LOOK)
