"""`ota-gateway simulate`: a vendor's wire API, for anybody's integration tests; on loopback unless told otherwise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.refusing import WRONG_USAGE, refuse

if TYPE_CHECKING:
    from gateway.vendorkit.manifest import VendorManifest
    from gateway.vendorkit.simulation.faults import FaultPlan
    from gateway.vendorkit.simulation.simulator import Simulator


def simulate(
    vendor: Annotated[str, typer.Argument(help="A vendor's slug, such as aws-iot.")],
    host: Annotated[
        str,
        typer.Option(help="The address to bind; another than loopback only where nobody else gets, as in containers."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same fleet.")] = 0,
    faults: Annotated[Path | None, typer.Option(help="A fault file: YAML or JSON, a list of rules.")] = None,
    tasks: Annotated[int, typer.Option(min=0, help="Tasks in the fleet.")] = 12,
    devices: Annotated[int, typer.Option(min=1, help="Devices per task.")] = 6,
    access_key: Annotated[str, typer.Option(help="The access key it accepts.")] = "demo",
    secret_key: Annotated[str, typer.Option(help="The secret that goes with it.")] = "demo-secret",  # noqa: S107
    project_id: Annotated[str, typer.Option(help="The project it is, where the vendor has projects.")] = "demo",
    speed: Annotated[float, typer.Option(min=0, help="Simulated seconds in a real one; 0 freezes tasks.")] = 1.0,
    quotas: Annotated[bool, typer.Option("--quotas/--no-quotas", help="Enforce the vendor's request rates.")] = True,
    variant: Annotated[
        list[str] | None, typer.Option(help="Behaviour that the vendor leaves open; repeatable.")
    ] = None,
) -> None:
    """Serve a simulated vendor until told to end."""
    manifest = _installed(vendor)
    plan = _plan(faults, seed)
    from gateway.cli.listening import run  # noqa: PLC0415 - asyncio is slow to import
    from gateway.vendorkit.simulation.options import SimulatorOptions  # noqa: PLC0415

    simulator = manifest.simulator(
        SimulatorOptions(
            seed=seed,
            access_key=access_key,
            secret_key=secret_key,
            project_id=project_id,
            tasks=tasks,
            devices_per_task=devices,
            speed=speed,
            quotas=quotas,
            variants=frozenset(variant or ()),
            faults=plan,
        )
    )
    default_secret = secret_key == SimulatorOptions().secret_key
    hint = f"secret {secret_key}" if default_secret else "the secret given"
    letting_in = f"Access key {access_key} with {hint}; project {project_id}; any region."
    run(_serve(manifest, simulator, host, port, letting_in))


def _installed(slug: str) -> "VendorManifest":
    from gateway.settings.problems import suggestion  # noqa: PLC0415
    from gateway.vendorkit.discovery import installed_vendors  # noqa: PLC0415

    vendors = installed_vendors()
    if slug not in vendors:
        refuse(f"There is no vendor {slug}; {suggestion(slug, vendors)}", WRONG_USAGE)
    return vendors[slug]


def _plan(path: Path | None, seed: int) -> "FaultPlan":
    from gateway.vendorkit.simulation.faults import FaultPlan, read_fault_plan  # noqa: PLC0415

    if path is None:
        return FaultPlan()
    try:
        return read_fault_plan(path.read_text(encoding="utf-8"), seed)
    except OSError as problem:
        refuse(f"The fault file {path} cannot be read: {problem.strerror}.", WRONG_USAGE)
    except ValueError as problem:
        refuse(str(problem), WRONG_USAGE)


async def _serve(manifest: "VendorManifest", simulator: "Simulator", host: str, port: int, hint: str) -> None:
    from gateway.cli.ending import told_to_end  # noqa: PLC0415 - asyncio is slow to import
    from gateway.cli.listening import cannot_listen  # noqa: PLC0415
    from gateway.vendorkit.simulation.server import serving  # noqa: PLC0415

    with told_to_end() as ending:
        try:
            async with serving(simulator, host, port) as base_url:
                typer.echo(f"{manifest.title}, simulated, at {base_url}")
                typer.echo(hint)
                await ending.wait()
        except OSError as problem:
            refuse(cannot_listen(host, port, problem))
