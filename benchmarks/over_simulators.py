"""The gateway as `serve` starts it, over simulated vendors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import yaml

from benchmarks.simulated import Simulation
from benchmarks.upstream import free_ports, wait_for
from gateway.vendorkit.discovery import installed_vendors

_HEADERS = {"content-type": "application/json"}


def backend(name: str, simulation: Simulation, url: str, **members: object) -> dict[str, object]:
    """A backend's section of the configuration: a simulation at its URL."""
    settings = installed_vendors()[simulation.vendor].demo_settings(url)
    return {"name": name, "vendor": simulation.vendor, "endpoint": url, **settings, **members}


def command(folder: Path, backends: Sequence[Mapping[str, object]], pace: Mapping[str, object], port: int) -> list[str]:
    """Write a configuration into `folder`, and give the command that serves it there."""
    document = {
        "server": {"cursor_secret": "x" * 32},
        "defaults": dict(pace),
        "backends": [dict(one) for one in backends],
    }
    (folder / "gateway.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return [str(Path(sys.executable).with_name("ota-gateway")), "serve", "--port", str(port)]


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway that answers at a port of 127.0.0.1."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it takes GraphQL."""
        return f"http://127.0.0.1:{self.port}/graphql"

    def cpu_seconds(self) -> float:
        """Processor time used so far, by all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_memory_mib(self) -> float:
        """The most memory its process ever held."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kib) / 1024


@contextmanager
def served(backends: Sequence[Mapping[str, object]], **pace: object) -> Iterator[Served]:
    """Serve while the block runs. `pace` is what stands under `defaults`; nothing is left behind."""
    (port,) = free_ports(1)
    with TemporaryDirectory(prefix="ota-gateway-bench-") as made:
        folder = Path(made)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command(folder, backends, pace, port), cwd=folder, stdout=log, stderr=log)
        try:
            _wait(port, process, folder / "log")
            yield Served(port, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    try:
        wait_for(port, process)
        # It listens before it is ready.
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        connection.close()
    except (RuntimeError, OSError) as problem:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"The gateway did not start.\n{said}") from problem


class Client:
    """One connection that asks one thing after another."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        self._connection = HTTPConnection(url.split("/")[2], timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The data of the answer. Raises RuntimeError when it has errors."""
        answer = self.answer(json.dumps({"query": query, "variables": variables}).encode())
        if answer.get("errors") or not answer.get("data"):
            raise RuntimeError(f"The gateway answered with errors: {json.dumps(answer)[:500]}")
        data: dict[str, Any] = answer["data"]
        return data

    def answer(self, body: bytes) -> dict[str, Any]:
        """The whole answer."""
        self._connection.request("POST", "/graphql", body, _HEADERS)
        found: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return found
