"""`ota-gateway serve`: the gateway over the backends of a configuration file."""

import gc
from typing import Annotated

import typer

from gateway.cli.refusing import DEFAULT_CONFIG, WRONG_USAGE, ConfigFile, refuse, settings_of


def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Bind this address instead of the file's.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Bind this port; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes. More than one needs a shared cache.")] = 1,
) -> None:
    """Serve GraphQL over the configured backends."""
    if workers > 1:
        refuse(
            "More than one worker needs a cache that they share, which is not available in this version. "
            "Use --workers 1: one process serves thousands of requests a second.",
            WRONG_USAGE,
        )
    # A start makes a hundred thousand things and leaves none behind; `Listening` turns collection on again.
    gc.disable()
    settings = settings_of(config)
    from gateway.settings import ConfigurationError  # noqa: PLC0415 - pydantic is slow to import

    try:
        settings = settings.listening(host, port)
    except ConfigurationError as problem:
        refuse(str(problem))
    # After the configuration, which fails more often than imports are needed.
    from gateway.app import build_app  # noqa: PLC0415
    from gateway.cli.listening import Listening, address_of, bound, run, told_to_end  # noqa: PLC0415
    from gateway.observability.logging import configure_logging  # noqa: PLC0415

    configure_logging()
    listener = bound(settings.server.host, settings.server.port)

    async def say() -> None:
        typer.echo(f"OTA Gateway serves {len(settings.backends)} backends at {address_of(listener)}/graphql", err=True)

    async def main() -> None:
        with told_to_end() as ending:
            await Listening(build_app(settings), listener).until(ending, begun=say)

    with listener:
        run(main())
