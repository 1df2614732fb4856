"""The servers compared, each one process, and how each is started over the same upstreams."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.fleet import BACKENDS
from benchmarks.shapes import Shape
from benchmarks.upstream import Missing, free_ports, wait_for

PEERS = Path(__file__).parent / "peers"
GATEWAY = "gateway"

# As long as the gateway keeps an answer by default.
_CACHE_SECONDS = "5"


@dataclass(frozen=True, slots=True)
class Server:
    """One to be measured. `file` is what starts it in `peers/`; the gateway has none. `cold_only` ones keep no rows."""

    name: str
    title: str
    file: str | None = None
    cold_only: bool = False
    single_flight: bool = True

    def document(self, shape: Shape) -> str:
        """How this server is asked."""
        return shape.document

    def answers(self, shape: Shape) -> bool:
        """Whether it can be asked for this shape at all."""
        return True

    def read(self, content: Any) -> Any:
        """Its answer, in the words of all."""
        return content

    def measured(self, *, warm: bool) -> bool:
        """Whether it takes part."""
        return not (warm and self.cold_only)


SERVERS: Sequence[Server] = (
    Server("strawberry", "Strawberry, as first written", "strawberry_naive.py"),
    Server("apollo", "Apollo Server", "apollo.mjs"),
    Server("yoga", "GraphQL Yoga", "yoga.mjs"),
    Server("mercurius", "Mercurius with JIT", "mercurius.mjs"),
    Server(GATEWAY, "OTA Gateway"),
    Server("gateway-alone", "OTA Gateway, single_flight: false", cold_only=True, single_flight=False),
)


class Running:
    """A started server. `url` is where it takes GraphQL."""

    def __init__(self, server: Server, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{port}/graphql"
        self._process = process

    def cpu_seconds(self) -> float:
        """Processor time used so far, by all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_memory_mib(self) -> float:
        """The most memory it ever held."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"{self.server.title} tells no peak memory.")

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start(server: Server, upstreams: Sequence[str], folder: Path, *, warm: bool) -> Running:
    """Start one on a free port of loopback and wait for it. What it writes goes into `folder`. Raises Missing."""
    folder = folder / server.name
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    environment = {
        **_environment(),
        "NODE_ENV": "production",
        "PORT": str(port),
        "UPSTREAMS": ",".join(upstreams),
        "CACHE_SECONDS": _CACHE_SECONDS if warm else "0",
    }
    if server.file is None:
        command = _gateway(server, upstreams, folder, port, warm=warm)
    elif server.file.endswith(".py"):
        command = [sys.executable, str(PEERS / server.file)]
    else:
        command = [_node(), str(PEERS / server.file)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for(port, process)
    except (RuntimeError, TimeoutError) as problem:
        process.kill()
        said = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{server.title} did not start.\n{said}") from problem
    return Running(server, process, port)


def _gateway(server: Server, upstreams: Sequence[str], folder: Path, port: int, *, warm: bool) -> list[str]:
    pace: dict[str, object] = {"calls_per_second": 1_000_000}
    if not warm:
        pace["cache_ttl"] = "0s"
    if not server.single_flight:
        pace["single_flight"] = False
    backends = [
        {
            "name": name,
            "vendor": "aws-iot",
            "region": "eu-west-1",
            "endpoint": url,
            "credentials": {"access_key_id": "demo", "secret_access_key": "demo-secret"},
        }
        for name, url in zip(BACKENDS, upstreams, strict=True)
    ]
    configuration = folder / "gateway.yaml"
    configuration.write_text(yaml.safe_dump({"defaults": pace, "backends": backends}), encoding="utf-8")
    program = str(Path(sys.executable).with_name("ota-gateway"))
    return [program, "serve", "--config", str(configuration), "--port", str(port)]


def _node() -> str:
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules").exists():
        raise Missing(
            "The Node servers are missing. Install Node 20 or newer with npm; then `make bench` installs them, "
            "or `cd benchmarks/peers && npm ci --ignore-scripts`."
        )
    return node


def _environment() -> Mapping[str, str]:
    # A proxy must not stand between a server and its upstreams.
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
