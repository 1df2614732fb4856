"""`ota-gateway serve`: the gateway over the backends of a configuration file."""

import gc
import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.refusing import DEFAULT_CONFIG, WRONG_USAGE, ConfigFile, refuse, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from gateway.settings import Settings
    from gateway.web import Web


def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Bind this address instead of the file's.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Bind this port; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes. More than one needs a cache.url in Redis.")] = 1,
) -> None:
    """Serve GraphQL over the configured backends."""
    # A start makes a hundred thousand things and leaves none behind; `Listening` turns collection on again.
    gc.disable()
    settings = settings_of(config)
    from gateway.settings import ConfigurationError  # noqa: PLC0415 - pydantic is slow to import

    try:
        settings = settings.listening(host, port)
    except ConfigurationError as problem:
        refuse(str(problem))
    if workers > 1 and not settings.cache.is_shared:
        refuse(
            "More than one worker needs a cache that they share, or each would spend the vendors' budgets and keep "
            "answers that another has changed. Set cache.url to redis://HOST:PORT/DATABASE, or use --workers 1.",
            WRONG_USAGE,
        )
    # After the configuration, which fails more often than imports are needed.
    from gateway.cli.listening import address_of, bound  # noqa: PLC0415
    from gateway.observability.logging import configure_logging  # noqa: PLC0415

    configure_logging(settings.observability.log_level)
    listener = bound(settings.server.host, settings.server.port)
    where = address_of(listener, secured=settings.server.tls is not None)

    def say() -> None:
        typer.echo(f"OTA Gateway serves {len(settings.backends)} backends at {where}/graphql", err=True)

    with listener:
        if workers > 1:
            from gateway.observability.worker_files import counting_in_files  # noqa: PLC0415

            # Before what counts is imported.
            with counting_in_files():
                status = _serve_by_workers(settings, listener, workers, say)
            raise typer.Exit(status)
        _serve_here(settings, listener, say)


def _app(settings: "Settings", processes: int = 1) -> "Web":
    from gateway.app import build_app  # noqa: PLC0415
    from gateway.settings import ConfigurationError  # noqa: PLC0415

    try:
        return build_app(settings, processes=processes)
    except ConfigurationError as problem:
        refuse(str(problem))


def _serve_here(settings: "Settings", listener: "socket", say: "Callable[[], None]") -> None:
    from gateway.cli.ending import told_to_end  # noqa: PLC0415
    from gateway.cli.listening import Listening, run  # noqa: PLC0415

    async def begun() -> None:
        say()

    async def main() -> None:
        with told_to_end() as ending:
            await Listening(_app(settings), listener).until(ending, begun=begun)

    run(main())


def _serve_by_workers(settings: "Settings", listener: "socket", number: int, say: "Callable[[], None]") -> int:
    import asyncio  # noqa: PLC0415

    import structlog  # noqa: PLC0415
    import uvicorn  # noqa: F401, PLC0415 - loaded before the fork, it is loaded for all

    from gateway.cli.ending import told_to_end  # noqa: PLC0415
    from gateway.cli.listening import Listening, run  # noqa: PLC0415
    from gateway.cli.workers import Lifeline, Workers  # noqa: PLC0415
    from gateway.observability.worker_files import forget  # noqa: PLC0415

    if settings.server.cursor_secret is None:
        structlog.get_logger(__name__).warning(
            "cursor_secret_missing", meaning="cursors end with this process; set server.cursor_secret"
        )
        settings = settings.with_cursor_secret(secrets.token_urlsafe(32))
    app = _app(settings, processes=number)
    # What is collected or moved after the fork is no longer shared by memory.
    gc.freeze()

    def work(own: "socket", lifeline: Lifeline) -> None:
        async def begun() -> None:
            lifeline.serves()

        async def main() -> None:
            loop = asyncio.get_running_loop()
            with told_to_end() as ending:

                def orphaned() -> None:
                    # The file stays readable from here on.
                    loop.remove_reader(lifeline.parent)
                    ending.tell()

                loop.add_reader(lifeline.parent, orphaned)
                try:
                    await Listening(app, own).until(ending, begun=begun)
                finally:
                    loop.remove_reader(lifeline.parent)

        run(main())

    within = settings.server.shutdown_timeout.total_seconds()
    return Workers(number, listener, work, within=within, ended=forget).run(say)
