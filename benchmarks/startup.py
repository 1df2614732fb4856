"""What the command line costs before it does anything: imports, `--help`, and `serve` until its first answer."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep
from typing import Any

from benchmarks.over_simulators import backend, command
from benchmarks.simulated import Simulation
from benchmarks.upstream import free_ports
from gateway.vendorkit.discovery import installed_vendors

NAME = "startup"

HELP_RUNS = 10
SERVE_RUNS = 5
SHOWN = 10

_IMPORT = re.compile(r"^import time: +(\d+) \| +(\d+) \|( +)(\S+)$", re.M)
_PROGRAM = str(Path(sys.executable).with_name("ota-gateway"))
_QUESTION = b'{"query": "{ __typename }"}'
_ANSWER = b'{"data":{"__typename":"Query"}}'
_PATIENCE_SECONDS = 60


def measure(quick: bool) -> dict[str, Any]:
    """Everything, in processes of their own."""
    runs = 2 if quick else SERVE_RUNS
    return {
        "help_imports": _imports(["--help"]),
        "help_ms": _times(_help, 3 if quick else HELP_RUNS),
        "serve": {name: _serve(vendors, runs) for name, vendors in _configurations().items()},
    }


def _configurations() -> dict[str, list[str]]:
    vendors = list(installed_vendors())
    return {f"one backend ({vendors[0]})": vendors[:1], f"a backend of each vendor ({len(vendors)})": vendors}


def _imports(arguments: list[str]) -> dict[str, Any]:
    """What Python says that the imports of one run took, in milliseconds: in all, and the ten modules that took most.

    A module's own time leaves out what it imports in its turn.
    """
    done = subprocess.run(
        [sys.executable, "-X", "importtime", _PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    own: dict[str, int] = defaultdict(int)
    for microseconds, _, _, module in _IMPORT.findall(done.stderr):
        own[module] += int(microseconds)
    most = sorted(own.items(), key=lambda one: -one[1])[:SHOWN]
    return {
        "modules": len(own),
        "ms": round(sum(own.values()) / 1000, 1),
        "most": [{"module": module, "ms": round(spent / 1000, 1)} for module, spent in most],
    }


def _help() -> float:
    started = perf_counter()
    subprocess.run([_PROGRAM, "--help"], stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - started


def _serve(vendors: list[str], runs: int) -> dict[str, Any]:
    """`serve` from its start to its first answer: where there is no ledger yet, and where there is one."""
    with TemporaryDirectory(prefix="ota-gateway-bench-") as made:
        folder = Path(made)
        (port,) = free_ports(1)
        backends = [backend(f"fleet-{slug}", Simulation(vendor=slug), "http://127.0.0.1:9") for slug in vendors]
        serving = command(folder, backends, {}, port)

        def without_ledger() -> float:
            for file in folder.glob("ota-gateway.db*"):
                file.unlink()
            return _first_answer(serving, folder, port)

        return {
            "first_ms": _times(without_ledger, runs),
            "later_ms": _times(lambda: _first_answer(serving, folder, port), runs),
        }


def _first_answer(serving: list[str], folder: Path, port: int) -> float:
    with (folder / "log").open("wb") as log:
        started = perf_counter()
        process = subprocess.Popen(serving, cwd=folder, stdout=log, stderr=log)
        try:
            end = monotonic() + _PATIENCE_SECONDS
            while (answer := _asked(port)) is None:
                if process.poll() is not None or monotonic() > end:
                    raise RuntimeError(f"The gateway did not start.\n{(folder / 'log').read_text()[-2000:]}")
                sleep(0.005)
            took = perf_counter() - started
            if answer != _ANSWER:
                raise RuntimeError(f"The gateway's first answer was {answer!r}.")
            return took
        finally:
            process.terminate()
            process.wait(timeout=30)


def _asked(port: int) -> bytes | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("POST", "/graphql", _QUESTION, {"content-type": "application/json"})
        return connection.getresponse().read()
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def _times(run: Callable[[], float], runs: int) -> dict[str, float]:
    """Milliseconds: the median of so many runs, after one that warms the disk's cache, with the least and the most."""
    run()
    seconds = [run() for _ in range(runs)]
    return {
        "runs": runs,
        "median": round(1000 * median(seconds)),
        "least": round(1000 * min(seconds)),
        "most": round(1000 * max(seconds)),
    }


def markdown(content: dict[str, Any]) -> str:
    """Times, and where they go."""
    helping = content["help_ms"]
    rows = [f"| `ota-gateway --help` | {_row(helping)} |"]
    for name, times in content["serve"].items():
        rows.append(f"| `serve`, {name}, first start: its ledger is built | {_row(times['first_ms'])} |")
        rows.append(f"| `serve`, {name}, any later start | {_row(times['later_ms'])} |")
    imports = content["help_imports"]
    most = "\n".join(f"| `{one['module']}` | {one['ms']} |" for one in imports["most"])
    return f"""## Start

From the start of the process to its end, or for `serve` to its first answer by GraphQL over HTTP.

| | runs | median ms | least | most |
| --- | --- | --- | --- | --- |
{chr(10).join(rows)}

`python -X importtime` of `ota-gateway --help`: {imports["modules"]} modules, {imports["ms"]} ms in all (timing them
slows them down). The {SHOWN} that take most by themselves:

| module | ms |
| --- | --- |
{most}
"""


def _row(times: dict[str, float]) -> str:
    return f"{times['runs']} | {times['median']} | {times['least']} | {times['most']}"
