"""`ota-gateway check`: reach every backend once, with the credentials and the budget of the configuration file."""

import typer

from gateway.cli.refusing import DEFAULT_CONFIG, FAILED, ConfigFile, settings_of


def check(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Reach each backend and print a table; exit 1 if any fails."""
    settings = settings_of(config)
    import asyncio  # noqa: PLC0415 - slow to import

    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from gateway.app import check_backends  # noqa: PLC0415
    from gateway.observability.logging import configure_logging  # noqa: PLC0415

    configure_logging("ERROR")
    checks = asyncio.run(check_backends(settings))
    table = Table("backend", "vendor", "result", "seconds", "message")
    for made in checks:
        result = Text("ok", style="green") if made.ok else Text("failed", style="red")
        table.add_row(Text(made.name), Text(made.vendor), result, f"{made.seconds:.2f}", Text(made.message or ""))
    console = Console()
    # In a pipe, messages are for programs and must not be cut.
    console.print(table, width=None if console.is_terminal else 400)
    if not all(made.ok for made in checks):
        raise typer.Exit(FAILED)
