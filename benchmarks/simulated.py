"""Simulated vendors in a process of their own, so that they take no turn from what is measured.

`python -m benchmarks.simulated` reads one line of JSON, a list of simulations, serves each on a port of loopback, and
prints their URLs. Then each line it reads is a question, how often each operation was called so far, and its end is
the end of what it reads: it does not outlive who started it.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving

# The longest page of executions that any vendor here answers is far shorter; a line of calls is too.
_LONGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """One simulated vendor that stands still. `delay` is how many seconds each of its answers takes at least."""

    vendor: str
    tasks: int = 12
    devices_per_task: int = 6
    seed: int = 0
    delay: float = 0.0
    quotas: bool = False


class Simulated:
    """The running process. `urls` are in the order of the simulations, and so are `calls()`."""

    def __init__(self, process: "subprocess.Popen[str]", urls: Sequence[str]) -> None:
        self.urls = urls
        self._process = process

    def calls(self) -> list[dict[str, int]]:
        """How many requests each answered, by the vendor's own operation name."""
        answer: list[dict[str, int]] = _asked(self._process, "calls")
        return answer


@contextmanager
def simulated(simulations: Sequence[Simulation]) -> Iterator[Simulated]:
    """Serve them while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Simulated(process, _asked(process, json.dumps([asdict(one) for one in simulations])))
    finally:
        process.communicate(timeout=30)


def _asked(process: "subprocess.Popen[str]", line: str) -> Any:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The simulators are not spoken to.")
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError("The simulators ended.")
    return json.loads(answer)


async def _serve() -> None:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    simulations = [Simulation(**members) for members in json.loads(await reader.readline())]
    simulators = [installed_vendors()[one.vendor].simulator(_options(one)) for one in simulations]
    async with AsyncExitStack() as running:
        _say([await running.enter_async_context(serving(simulator)) for simulator in simulators])
        while await reader.readline():
            _say([simulator.calls for simulator in simulators])


def _options(one: Simulation) -> SimulatorOptions:
    rules = [FaultRule(fault=FaultKind.DELAY, seconds=one.delay)] if one.delay else []
    return SimulatorOptions(
        seed=one.seed, tasks=one.tasks, devices_per_task=one.devices_per_task, speed=0.0, quotas=one.quotas,
        faults=FaultPlan(rules),
    )  # fmt: skip


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
