"""A uvicorn server for simulators: loopback only, and able to close a connection without an answer."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.vendorkit.simulation.answers import DROP_EXTENSION
from gateway.vendorkit.simulation.simulator import Simulator
from gateway.vendorkit.sockets import listen


class DroppableHttpProtocol(HttpToolsProtocol):
    """Puts into each request's scope a function that closes the connection at once."""

    def on_headers_complete(self) -> None:
        """Set the scope up as uvicorn does, then add the function."""
        super().on_headers_complete()
        transport = self.transport
        scope: Any = self.scope
        scope[DROP_EXTENSION] = transport.abort


class SimulatorServer(uvicorn.Server):
    """Leaves the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def server(simulator: Simulator) -> SimulatorServer:
    """A server for a simulator, not yet started."""
    config = uvicorn.Config(
        simulator, http=DroppableHttpProtocol, ws="none", lifespan="off", log_level="critical", access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    return SimulatorServer(config)


@asynccontextmanager
async def serving(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve in this event loop while the block runs; gives the base URL."""
    listener = listen(host, port)
    running = server(simulator)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        await task
        listener.close()


@contextmanager
def serving_in_thread(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread of its own while the block runs, for callers that block; gives the base URL."""
    listener = listen(host, port)
    running = server(simulator)
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join()
        listener.close()
