"""`ota-gateway check`: reach every backend once, with the credentials and the budget of the configuration file."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.refusing import DEFAULT_CONFIG, FAILED, ConfigFile, settings_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from gateway.cli.probing import BackendCheck, Probed
    from gateway.settings import Settings

_PIPE_WIDTH = 400


def check(
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list for programs instead of the table.")] = False,
) -> None:
    """Reach all backends at once and print a table; exit 1 if any fails."""
    settings = settings_of(config)
    import asyncio  # noqa: PLC0415 - slow to import

    from gateway.observability.logging import configure_logging  # noqa: PLC0415

    configure_logging("ERROR")
    checks = asyncio.run(_as_json(settings) if as_json else _as_table(settings))
    if not all(made.ok for made in checks):
        raise typer.Exit(FAILED)


async def _as_json(settings: "Settings") -> "list[BackendCheck]":
    import json  # noqa: PLC0415

    from gateway.cli.probing import check_backends, probed_backends  # noqa: PLC0415

    made = {check.backend.name: check async for check in check_backends(settings)}
    checks = [made[one.name] for one in probed_backends(settings)]
    typer.echo(json.dumps([_members(check) for check in checks], indent=2, ensure_ascii=False))
    return checks


def _members(check: "BackendCheck") -> dict[str, Any]:
    return {
        "name": check.backend.name,
        "vendor": check.backend.vendor,
        "region": check.backend.region,
        "host": check.backend.host,
        "ok": check.ok,
        "code": check.code,
        "message": check.message,
        "advice": check.advice,
        "seconds": round(check.seconds, 3),
        "clockAheadSeconds": None if check.clock is None else round(check.clock, 1),
    }


async def _as_table(settings: "Settings") -> "list[BackendCheck]":
    """On a terminal the rows fill as results come; in a pipe the table comes whole and is not cut."""
    from rich.console import Console  # noqa: PLC0415 - slow to import

    from gateway.cli.probing import check_backends, probed_backends  # noqa: PLC0415

    backends = probed_backends(settings)
    made: dict[str, BackendCheck] = {}
    console = Console()
    if not console.is_terminal:
        made = {check.backend.name: check async for check in check_backends(settings)}
        Console(width=_PIPE_WIDTH).print(_table(console, backends, made))
        return list(made.values())
    from rich.live import Live  # noqa: PLC0415

    with Live(_table(console, backends, made), console=console, refresh_per_second=8) as live:
        async for check in check_backends(settings):
            made[check.backend.name] = check
            live.update(_table(console, backends, made))
    return list(made.values())


def _table(console: "Console", backends: "list[Probed]", made: "dict[str, BackendCheck]") -> "Table":
    from rich import box  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        "backend", "vendor", "at", "result", "seconds", "clock", "message",
        box=box.ROUNDED if console.is_terminal else None,
    )  # fmt: skip
    for backend in backends:
        where = backend.host if backend.region is None else f"{backend.region} {backend.host}"
        named = (Text(backend.name), Text(backend.vendor), Text(where))
        check = made.get(backend.name)
        if check is None:
            table.add_row(*named, Spinner("dots", text="asking"), "", "", "")
            continue
        result = Text("ok", style="green") if check.ok else Text("failed", style="red")
        message = " ".join(part for part in (check.message, check.advice) if part)
        clock = Text(_clock(check.clock), style="yellow" if check.clock_is_off else "")
        table.add_row(*named, result, f"{check.seconds:.2f}", clock, Text(message))
    return table


def _clock(ahead: float | None) -> str:
    """Our clock beside the vendor's, in words."""
    if ahead is None:
        return ""
    if abs(ahead) < 1:
        return "right"
    return f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"
