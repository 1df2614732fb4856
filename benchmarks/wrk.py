"""Load, by wrk: one thread, keep-alive, the same request again and again, or a new document each time."""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.upstream import Missing

SCRIPT = Path(__file__).parent / "load.lua"

# Seconds that a load is made longer to at most.
_LONGEST = 8.0
# Seconds without a byte that end an answer.
_SILENCE = 0.03


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted. Times in milliseconds.

    `failed` are connections, reads, writes, timeouts, status codes, and answers that are too short to be whole.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int

    @property
    def rate(self) -> float:
        """Queries a second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is sent again and again. `answer_size` in bytes, head included; `alone` in seconds."""

    url: str
    body: Path
    unseen: bool
    answer_size: int
    alone: float


def where_wrk_is() -> str:
    """Its path. Raises Missing."""
    found = shutil.which("wrk")
    if found is None:
        raise Missing("wrk is missing. On Debian and Ubuntu: apt-get install wrk")
    return found


def question(url: str, body: Path, *, unseen: bool) -> Question:
    """Asks twice, to know the answer's length and its time when nobody else asks.

    `body` holds the request's JSON; `unseen` gives it new aliases each time.
    """
    where = urlsplit(url)
    numbers = count()
    content = re.sub(rb"@", lambda _: b"x%014x" % next(numbers), body.read_bytes())
    head = f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=60) as connection:
        # The first one may have to fetch what was kept too long.
        _ask(connection, request)
        size, seconds = _ask(connection, request)
    return Question(url, body, unseen, size, seconds)


def load(asked: Question, *, connections: int, seconds: float, answers: int = 0) -> Load:
    """Ask for `seconds`, or longer where each connection would not get that many answers. Raises Missing."""
    command = [
        where_wrk_is(),
        "-t1",
        f"-c{connections}",
        "-d600s",
        "--timeout",
        "30s",
        "-s",
        str(SCRIPT),
        asked.url,
        "--",
    ]
    command += [str(asked.body), *(["unseen"] if asked.unseen else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            time.sleep(max(seconds, min(answers * connections * asked.alone, _LONGEST)))
        finally:
            # Told to end, it prints what it has, after any part of a second.
            process.send_signal(signal.SIGINT)
        out, problems = process.communicate(timeout=60)
    if process.returncode != 0 or "{" not in out:
        raise RuntimeError(f"wrk: {problems or out}")
    found = json.loads(out[out.index("{") :])
    # An error is an answer like any other to wrk; but it is not as long as the rows.
    whole = found["bytes"] / asked.answer_size
    return Load(
        requests=found["requests"],
        seconds=found["microseconds"] / 1e6,
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        failed=found["failed"] + (round(found["requests"] - whole) if whole < 0.995 * found["requests"] else 0),
    )


def _ask(connection: socket.socket, request: bytes) -> tuple[int, float]:
    begun = ended = time.monotonic()
    connection.sendall(request)
    size = 0
    while part := _received(connection, _SILENCE if size else 60):
        size += part
        ended = time.monotonic()
    return size, ended - begun


def _received(connection: socket.socket, seconds: float) -> int:
    connection.settimeout(seconds)
    try:
        return len(connection.recv(1 << 20))
    except TimeoutError:
        return 0
