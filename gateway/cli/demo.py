"""`ota-gateway demo`: every installed vendor simulated, and the gateway over them all, from nothing.

The simulators listen on free loopback ports, with their quotas off; the ledger is a file that goes when the demo does.
"""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.demo_queries import ANY_RUNNING_TASK, example_queries
from gateway.cli.refusing import WRONG_USAGE, refuse

if TYPE_CHECKING:
    import socket

    from gateway.settings import Settings
    from gateway.vendorkit.manifest import VendorManifest

_CALLS_PER_SECOND = 1000.0


def demo(
    host: Annotated[str, typer.Option(help="The loopback address to bind.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
) -> None:
    """Try everything: all vendors simulated, the gateway over them."""
    from gateway.cli.listening import bound, run  # noqa: PLC0415 - asyncio is slow to import
    from gateway.settings import is_loopback  # noqa: PLC0415

    if not is_loopback(host):
        refuse("The demo knows no authentication, so it binds loopback only; use --host 127.0.0.1.", WRONG_USAGE)
    with bound(host, port) as listener:
        run(run_demo(host, listener))


async def run_demo(host: str, listener: "socket.socket") -> None:
    """Serve until told to end. `listener` is bound to `host`."""
    import tempfile  # noqa: PLC0415

    from gateway.app import build_app  # noqa: PLC0415 - slow to import
    from gateway.cli.ending import told_to_end  # noqa: PLC0415
    from gateway.cli.listening import Listening, address_of  # noqa: PLC0415
    from gateway.observability.logging import configure_logging  # noqa: PLC0415
    from gateway.vendorkit.discovery import installed_vendors  # noqa: PLC0415

    base_url = address_of(listener)
    with told_to_end() as ending, tempfile.TemporaryDirectory(prefix="ota-gateway-demo-") as folder:
        async with AsyncExitStack() as simulators:
            vendors = list(installed_vendors().values())
            places = [
                await simulators.enter_async_context(_simulated(manifest, place, len(vendors)))
                for place, manifest in enumerate(vendors)
            ]
            # The simulators' servers quieten uvicorn's loggers; the gateway's are to be heard.
            configure_logging("WARNING")
            settings = _settings(host, listener.getsockname()[1], vendors, places, f"{folder}/ledger.db")
            simulated = dict(zip((manifest.title for manifest in vendors), places, strict=True))
            await Listening(build_app(settings), listener).until(ending, begun=partial(_introduce, base_url, simulated))
    typer.echo("The demo has ended; nothing of it is left.")


def _simulated(manifest: "VendorManifest", place: int, vendors: int) -> AbstractAsyncContextManager[str]:
    from gateway.vendorkit.simulation.options import SimulatorOptions  # noqa: PLC0415
    from gateway.vendorkit.simulation.server import serving  # noqa: PLC0415

    spacing = SimulatorOptions().task_spacing
    # Each fleet a little older than the one before, so that the merged list alternates between vendors.
    options = SimulatorOptions(seed=place, quotas=False, creation_offset=place * spacing / vendors)
    return serving(manifest.simulator(options))


def _settings(host: str, port: int, vendors: "list[VendorManifest]", places: list[str], ledger: str) -> "Settings":
    import secrets  # noqa: PLC0415

    from pydantic import SecretStr  # noqa: PLC0415

    from gateway.settings import LedgerSettings, ServerSettings, Settings  # noqa: PLC0415

    backends = tuple(
        manifest.settings().model_validate(
            {
                **manifest.demo_settings(base_url),
                "name": f"demo-{manifest.slug}",
                "vendor": manifest.slug,
                "endpoint": base_url,
                "calls_per_second": _CALLS_PER_SECOND,
            }
        )
        for manifest, base_url in zip(vendors, places, strict=True)
    )
    return Settings(
        server=ServerSettings(host=host, port=port, cursor_secret=SecretStr(secrets.token_urlsafe(32))),
        ledger=LedgerSettings(url=f"sqlite+aiosqlite:///{ledger}"),
        backends=backends,
    )


async def _introduce(base_url: str, simulated: dict[str, str]) -> None:
    """Say where everything is, and what to ask."""
    task_id = await _running_task(base_url)
    lines = ["", f"OTA Gateway, with simulated vendors, at {base_url}/graphql", f"The board: {base_url}/"]
    lines += ["", "Simulators:"]
    lines += [f"  {place}  {title}" for title, place in simulated.items()]
    for title, query in example_queries(task_id):
        lines += ["", f"# {title}", query]
    typer.echo("\n".join([*lines, "", "Ctrl-C ends it."]))


async def _running_task(base_url: str) -> str | None:
    """The id of a task that runs, asked of the gateway itself; None when it does not tell."""
    import httpx  # noqa: PLC0415 - slow to import

    try:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=5.0) as client:
            answer = await client.post("/graphql", json={"query": ANY_RUNNING_TASK})
        nodes = answer.json()["data"]["tasks"]["nodes"]
        return str(nodes[0]["id"]) if nodes else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
