"""Serving an application until the process is told to end, on an address that is known to be free."""

import asyncio
import gc
import socket
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from gateway.cli.refusing import refuse
from gateway.vendorkit.sockets import listen

if TYPE_CHECKING:
    import uvicorn

    from gateway.cli.ending import Ending
    from gateway.web import Web

# What changes under way still have after a second signal.
_HURRIED_SECONDS = 5.0
_LOOK = 0.1

_log = structlog.get_logger(__name__)


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


def address_of(listener: socket.socket, *, secured: bool = False) -> str:
    """The base URL a socket listens on; `secured` is whether TLS is spoken there."""
    host, port = listener.getsockname()[:2]
    return address(host, port).replace("http", "https" if secured else "http", 1)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine on uvloop."""
    import uvloop  # noqa: PLC0415 - slow to import

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


class Listening:
    """An application being served, and taken down in order when it is told to end."""

    def __init__(self, app: "Web", listener: socket.socket) -> None:
        self._app = app
        self._server = _server(app)
        self._listener = listener

    async def until(self, ending: "Ending", *, begun: Callable[[], Awaitable[None]]) -> None:
        """Serve until told; `begun` runs once requests are answered. Exits when the application cannot start."""
        serving = asyncio.create_task(self._serve())
        waiting = asyncio.create_task(ending.wait())
        beginning = asyncio.create_task(self._then(begun))
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        beginning.cancel()
        if not self._server.started:
            # Still opening what it needs, which may take its time.
            serving.cancel()
        elif not serving.done():
            await self._go_down(serving, ending)
        await asyncio.gather(serving, waiting, beginning, return_exceptions=True)
        if not serving.cancelled():
            serving.result()

    async def _go_down(self, serving: "asyncio.Task[None]", ending: "Ending") -> None:
        leaving, bounds = self._app.leaving, self._app.server
        leaving.begin()
        _log.info(
            "going_down",
            step="not ready",
            delay_seconds=bounds.shutdown_delay.total_seconds(),
            within_seconds=bounds.shutdown_timeout.total_seconds(),
        )
        hurrying = asyncio.create_task(self._hurry(ending))
        await asyncio.wait({serving, hurrying}, timeout=bounds.shutdown_delay.total_seconds())
        self._server.should_exit = True
        while not serving.done() and leaving.left_to_close() > 0:
            # What is left may have become less meanwhile.
            await asyncio.wait({serving}, timeout=min(_LOOK, leaving.left_to_close()))
        hurrying.cancel()
        if serving.done():
            _log.info("going_down", step="done")
        else:
            _log.error("going_down", step="cut", meaning="backends, Redis or the ledger did not close in time")
            serving.cancel()

    async def _hurry(self, ending: "Ending") -> None:
        await ending.wait_for_the_second()
        _log.warning("going_down", step="told again", within_seconds=_HURRIED_SECONDS)
        self._app.leaving.hurry(_HURRIED_SECONDS)

    async def _serve(self) -> None:
        from gateway.domain.errors import GatewayError  # noqa: PLC0415 - kept from `--help`

        # Entered here and not by uvicorn, which tells of a failure by a traceback alone.
        try:
            async with self._app.router.lifespan_context(self._app):
                _keep_what_the_start_made()
                _say_nothing_of_reads_unbegun()
                await self._server.serve(sockets=[self._listener])
                _log.info("going_down", step="finishing changes, then closing backends and ledger")
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


def _say_nothing_of_reads_unbegun() -> None:
    # Executing a query makes the coroutines of its fields before it awaits any. Where the client leaves in between,
    # they are never begun, which is as it should be; Python would write a line to standard error about each.
    warnings.filterwarnings("ignore", r"coroutine '.*' was never awaited", RuntimeWarning)


def _server(app: "Web") -> "uvicorn.Server":
    import uvicorn  # noqa: PLC0415 - slow to import

    from gateway.cli.bounded_http import BoundedWebsocket  # noqa: PLC0415
    from gateway.cli.direct_http import DirectProtocol  # noqa: PLC0415
    from gateway.cli.draining import DrainingServer  # noqa: PLC0415
    from gateway.cli.tls import tls_context  # noqa: PLC0415

    tls = None if app.server.tls is None else tls_context(app.server.tls)
    config = uvicorn.Config(
        app,
        http=DirectProtocol,
        ws=BoundedWebsocket,
        ws_max_size=app.body_bytes,
        # Compressing costs 40 kB for each connection, more than all else that one subscriber needs, and saves little:
        # events are a few hundred bytes.
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        # The gateway does not ask who called from where.
        proxy_headers=False,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )
    return DrainingServer(config, app)
