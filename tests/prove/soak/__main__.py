"""`make soak`: DURATION seconds (600) of everything that clients do, over vendors of which some fail.

Four simulated vendors, each a process, two of them with faults on; the gateway, as `serve` runs it, another. Clients
read in every shape, change everything there is, watch, leave in the middle, and are slow. Exit status 0 where the
healthy backends never failed, nothing was answered by 5xx, the log tells of no fault, and memory, files and tasks
stayed flat.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from gateway.vendorkit.discovery import installed_vendors
from tests.prove.soak.load import Load
from tests.prove.soak.watched import Watched
from tests.support.child_server import REPOSITORY, child_server, free_port

_FAULTY = ("aws-managed-integrations", "tuya")
_FAULTS = [
    {"fault": "delay", "seconds": 2.5, "probability": 0.05},
    {"fault": "throttle", "probability": 0.05},
    {"fault": "error", "probability": 0.05},
    {"fault": "html", "probability": 0.03},
    {"fault": "cut", "probability": 0.03},
    {"fault": "drop", "probability": 0.03},
    {"fault": "answer_lost", "probability": 0.03},
]
# One machine does everything: who is healthy has time enough even where it is busy.
_HEALTHY_PACE = {"timeout": "30s", "attempt_timeout": "15s", "calls_per_second": 500, "cache_ttl": "1s"}
_FAULTY_PACE = {"timeout": "5s", "attempt_timeout": "1s", "calls_per_second": 500, "cache_ttl": "1s"}
_FAULT = re.compile(r"unexpected_error|Traceback|Exception in|never retrieved|never awaited")


def main() -> int:
    """Run it; the exit status."""
    seconds = float(os.environ.get("DURATION") or 600)
    with tempfile.TemporaryDirectory(prefix="ota-gateway-soak-") as name, ExitStack() as running:
        folder = Path(name)
        sections = [running.enter_context(_vendor(slug, folder)) for slug in installed_vendors()]
        port = free_port()
        counts = folder / "tasks"
        running.enter_context(_gateway(folder, port, sections, counts))
        faulty = {f"soak-{slug}" for slug in _FAULTY}
        load = Load(f"http://127.0.0.1:{port}", {one["name"]: one["vendor"] for one in sections}, faulty)
        watched = Watched(_pid_at(port), counts)
        _say(f"{seconds:g} s of mixed load; faults on {' and '.join(sorted(faulty))}")
        asyncio.run(_soak(load, watched, seconds))
        log = (folder / "gateway.log").read_text(encoding="utf-8")
    problems = [*load.problems(), *watched.problems()]
    problems += [f"in the log: {line[:400]}" for line in log.splitlines() if _FAULT.search(line)][:5]
    _say(load.table())
    _say(watched.table())
    for problem in problems:
        _say(f"FAILED: {problem}")
    _say("The soak failed." if problems else "The soak passed.")
    return 1 if problems else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _soak(load: Load, watched: Watched, seconds: float) -> None:
    await load.begin()
    watching = asyncio.create_task(watched.look(seconds))
    await load.run(seconds)
    await watching
    # What is idle is let go within this time: kept connections, streams, cached looks.
    await asyncio.sleep(10)
    watched.rest()


@contextmanager
def _vendor(slug: str, folder: Path) -> Iterator[dict[str, object]]:
    """A simulator in a process of its own; gives the backend's section."""
    port = free_port()
    command = [
        sys.executable, "-m", "gateway", "simulate", slug, "--port", str(port), "--no-quotas", "--speed", "5",
        "--tasks", "40",
    ]  # fmt: skip
    if slug in _FAULTY:
        faults = folder / f"{slug}.yaml"
        faults.write_text(yaml.safe_dump(_FAULTS))
        command += ["--faults", str(faults)]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pace = _FAULTY_PACE if slug in _FAULTY else _HEALTHY_PACE
    try:
        yield {
            "name": f"soak-{slug}", "vendor": slug, "endpoint": url,
            **installed_vendors()[slug].demo_settings(url), **pace,
        }  # fmt: skip
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _gateway(folder: Path, port: int, sections: list[dict[str, object]], counts: Path) -> Iterator[None]:
    config = folder / "gateway.yaml"
    document = {
        "server": {"port": port, "cursor_secret": "a secret that signs cursors", "read_timeout": "2s"},
        "ledger": {"url": f"sqlite+aiosqlite:///{folder / 'ledger.db'}"},
        "backends": sections,
    }
    config.write_text(yaml.safe_dump(document))
    with child_server(
        [sys.executable, "-m", "tests.prove.soak.counted", str(counts), "serve", "--config", str(config)],
        asking=f"http://127.0.0.1:{port}/readyz",
        log=folder / "gateway.log",
        folder=REPOSITORY,
        environment={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ):
        yield


def _pid_at(port: int) -> int:
    """The process that listens there, whose command names its configuration."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"tests.prove.soak.counted" in command and int(place.name) != os.getpid():
            config = Path(command[command.index(b"--config") + 1].decode())
            if yaml.safe_load(config.read_text())["server"]["port"] == port:
                return int(place.name)
    raise AssertionError("the gateway's process was not found")


if __name__ == "__main__":
    sys.exit(main())
