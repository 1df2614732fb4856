"""Servers that a test starts as processes of their own, on free loopback ports, and stops again by their process."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]

_START_SECONDS = 45
_STOP_SECONDS = 15


def free_port() -> int:
    """A loopback port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def child_server(
    command: Sequence[str | Path], *, asking: str, log: Path, folder: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """The command, running in `folder`, from the moment that `asking`, a URL, is answered below 500."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, env=dict(environment)
        )
    try:
        _wait(process, asking, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", asking: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    with httpx.Client(timeout=2, trust_env=False) as client:
        while time.monotonic() < end:
            assert process.poll() is None, f"It ended with {process.returncode}:\n{log.read_text()}"
            try:
                if client.get(asking).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    raise AssertionError(f"No answer from {asking}:\n{log.read_text()}")


def installed_peer(name: str, program: str) -> Path:
    """A program of an emulator that is installed in a virtual environment of its own, `.peers/NAME`."""
    found = REPOSITORY / ".peers" / name / "bin" / program
    assert found.exists(), f"{found} is missing: the Makefile installs the servers that tests are run against."
    return found
