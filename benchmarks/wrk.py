"""Load, by wrk: one thread, keep-alive, the same request again and again, or a new document each time."""

import json
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.upstream import Missing

SCRIPT = Path(__file__).parent / "load.lua"


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted. Times in milliseconds; `failed` are connections, reads, writes, timeouts and status codes."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int

    @property
    def rate(self) -> float:
        """Queries a second."""
        return self.requests / self.seconds


def load(url: str, body: Path, *, connections: int, seconds: float, unseen: bool) -> Load:
    """Ask for `seconds`. `body` holds the request's JSON; `unseen` gives it new aliases each time. Raises Missing."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Missing("wrk is missing. On Debian and Ubuntu: apt-get install wrk")
    command = [wrk, "-t1", f"-c{connections}", "-d600s", "--timeout", "30s", "-s", str(SCRIPT), url, "--", str(body)]
    process = subprocess.Popen(
        [*command, "unseen"] if unseen else command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    # Told to end, it prints what it has, after any part of a second.
    process.send_signal(signal.SIGINT)
    out, problems = process.communicate(timeout=60)
    if process.returncode != 0 or "{" not in out:
        raise RuntimeError(f"wrk: {problems or out}")
    found = json.loads(out[out.index("{") :])
    return Load(
        requests=found["requests"],
        seconds=found["microseconds"] / 1e6,
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        failed=found["failed"],
    )
