"""A server's process: started, weighed, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.servers import Server, Setting
from benchmarks.shapes import Shape
from benchmarks.upstream import free_ports, wait_for

# As long as the gateway keeps an answer by default.
_CACHE_SECONDS = "5"


class Running:
    """A started server. `url` is where it takes GraphQL."""

    def __init__(self, server: Server, process: "subprocess.Popen[bytes]", setting: Setting) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{setting.port}/graphql"
        self._process = process
        self._warm = setting.warm

    def document(self, shape: Shape) -> str | None:
        """How it is asked for the shape; None where it is not."""
        return self.server.document(shape, self._warm)

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

    def settle(self, seconds: float = 10) -> None:
        """Until it rests: it may still be answering questions whose askers have left."""
        end = time.monotonic() + seconds
        used = -1.0
        while time.monotonic() < end and used != (used := self.cpu_seconds()):
            time.sleep(0.04)

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
    (port,) = free_ports(1)
    setting = Setting(upstreams=upstreams, port=port, warm=warm, folder=folder / server.name)
    setting.folder.mkdir(parents=True, exist_ok=True)
    environment = _environment(setting)
    said = setting.folder / "log"
    with said.open("wb") as log:
        if server.prepare is not None:
            subprocess.run(
                server.prepare(setting), cwd=setting.folder, env=environment, stdout=log, stderr=log, check=True
            )
        process = subprocess.Popen(server.command(setting), cwd=setting.folder, env=environment, stdout=log, stderr=log)
    try:
        wait_for(port, process)
    except (RuntimeError, TimeoutError) as problem:
        process.kill()
        text = said.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{server.title} did not start.\n{text}") from problem
    return Running(server, process, setting)


def _environment(setting: Setting) -> Mapping[str, str]:
    # A proxy must not stand between a server and its upstreams.
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {
        **kept,
        "NODE_ENV": "production",
        "PORT": str(setting.port),
        "UPSTREAMS": ",".join(setting.upstreams),
        "CACHE_SECONDS": _CACHE_SECONDS if setting.warm else "0",
    }
