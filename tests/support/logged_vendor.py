"""A simulated vendor in a process of its own, which writes down every request: when it came, what it was, its path.

`python -m tests.support.logged_vendor aws-iot --port 8001 --tasks 300 --log calls.txt`
"""

import argparse
import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One request; `at` in seconds of the monotonic clock, which all processes of a machine share."""

    at: float
    operation: str
    path: str


def read_log(log: Path) -> list[LoggedCall]:
    """What has come so far."""
    rows = (line.split(" ", 2) for line in log.read_text().splitlines())
    return [LoggedCall(float(at), operation, path) for at, operation, path in rows]


async def serve(slug: str, port: int, tasks: int, devices: int, log: Path) -> None:
    """Serve until the process is ended. Nothing moves by itself, and deletions take no time."""
    options = SimulatorOptions(tasks=tasks, devices_per_task=devices, speed=0.0, quotas=False, deletion_seconds=0.0)
    simulator: Any = installed_vendors()[slug].simulator(options)
    answer = simulator.answer
    with log.open("a", buffering=1) as lines:

        def logged(operation: str, request: Any, fault: Any) -> Any:
            lines.write(f"{time.monotonic():.6f} {operation} {request.raw_path}\n")
            return answer(operation, request, fault)

        simulator.answer = logged
        async with serving(simulator, port=port):
            await asyncio.Event().wait()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("slug")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--log", type=Path, required=True)
    asked = parser.parse_args()
    asyncio.run(serve(asked.slug, asked.port, asked.tasks, asked.devices, asked.log))


if __name__ == "__main__":
    main()
