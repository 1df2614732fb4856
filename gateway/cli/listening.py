"""Serving an application until the process is told to end, on an address that is known to be free."""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gateway.cli.refusing import refuse
from gateway.vendorkit.sockets import listen

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

_DRAIN_SECONDS = 5
_MESSAGE_LIMIT = 1024 * 1024


def bound(host: str, port: int) -> socket.socket:
    """A listening socket, or an exit that says why there is none."""
    try:
        return listen(host, port)
    except OSError as problem:
        refuse(cannot_listen(host, port, problem))


def cannot_listen(host: str, port: int, problem: OSError) -> str:
    """What to say when an address cannot be had."""
    return f"Cannot listen on {address(host, port)}: {problem.strerror or problem}. Choose another with --port."


def address(host: str, port: int) -> str:
    """The base URL of an address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def address_of(listener: socket.socket) -> str:
    """The base URL a socket listens on."""
    host, port = listener.getsockname()[:2]
    return address(host, port)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine on uvloop."""
    import uvloop  # noqa: PLC0415 - slow to import

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set, while the block runs. To end so is no failure."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, ending.set)
    try:
        yield ending
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class Listening:
    """An application being served. Open streams have some seconds to end when it stops."""

    def __init__(self, app: "Starlette", listener: socket.socket) -> None:
        self._app = app
        self._server = _server(app)
        self._listener = listener

    async def until(self, ending: asyncio.Event, *, begun: Callable[[], Awaitable[None]]) -> None:
        """Serve until told; `begun` runs once requests are answered. Exits when the application cannot start."""
        serving = asyncio.create_task(self._serve())
        waiting = asyncio.create_task(ending.wait())
        beginning = asyncio.create_task(self._then(begun))
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        self._server.should_exit = True
        waiting.cancel()
        beginning.cancel()
        if not self._server.started:
            # Still opening what it needs, which may take its time.
            serving.cancel()
        await asyncio.gather(serving, waiting, beginning, return_exceptions=True)
        if not serving.cancelled():
            serving.result()

    async def _serve(self) -> None:
        from gateway.domain.errors import GatewayError  # noqa: PLC0415 - kept from `--help`

        # Entered here and not by uvicorn, which tells of a failure by a traceback alone.
        try:
            async with self._app.router.lifespan_context(self._app):
                _keep_what_the_start_made()
                await self._server.serve(sockets=[self._listener])
        except GatewayError as problem:
            refuse(problem.message)

    async def _then(self, begun: Callable[[], Awaitable[None]]) -> None:
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        await begun()


def _keep_what_the_start_made() -> None:
    # Modules, types and the schema live as long as the process. Looking through them for garbage takes a tenth of a
    # second each time, in which nobody is answered.
    gc.freeze()
    # Warm requests leave no cycles behind. What documents and rows are made of lives for seconds at least, so looking
    # at it after every few hundred allocations finds nothing.
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def _server(app: "Starlette") -> "uvicorn.Server":
    import uvicorn  # noqa: PLC0415 - slow to import

    from gateway.cli.direct_http import DirectProtocol  # noqa: PLC0415

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            # The command listens to signals, also while there is no server yet or any more.
            yield

    return Server(
        uvicorn.Config(
            app,
            http=DirectProtocol,
            ws="websockets-sansio",
            ws_max_size=_MESSAGE_LIMIT,
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # The gateway does not ask who called from where.
            proxy_headers=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )
