"""A PostgreSQL from the pgserver wheel, which a test may stop and start again."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

_ANSWER_SECONDS = 10


class PostgresServer:
    """A server of its own in a folder of its own. Its socket is in the folder, and any password is accepted."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._account = _run_as()
        self._binaries = _reachable(_installation(), home, self._account)
        if self._account:
            os.chown(home, self._account["user"], self._account["group"])  # type: ignore[arg-type]
            home.chmod(0o755)
        command = [self._binaries / "initdb", "-D", home / "data", "-U", "postgres", "--auth=trust"]
        self._run([*command, "--encoding=utf8", "--no-sync"])
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [self._binaries / "postgres", "-D", self.home / "data", "-k", self.home]
        with (self.home / "log").open("ab") as log:
            self._server = subprocess.Popen(  # type: ignore[call-overload]
                [*command, "-c", "listen_addresses=", "-c", "fsync=off"],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._account,
            )
        asyncio.run(self._answers())

    def stop(self) -> None:
        """Stop it, cutting every connection."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(20)
            self._server = None

    async def new_database(self) -> str:
        """The ledger URL of a new, empty database. It goes when its server goes."""
        name = f"ledger_{uuid4().hex}"
        connection = await asyncpg.connect(host=str(self.home), user="postgres", database="postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return f"postgresql+asyncpg://postgres@/{name}?host={self.home}"

    def _run(self, command: list[object]) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._account)  # type: ignore[call-overload]

    async def _answers(self) -> None:
        for _ in range(20 * _ANSWER_SECONDS):
            assert self._server is not None
            assert self._server.poll() is None, (self.home / "log").read_text()
            try:
                connection = await asyncpg.connect(host=str(self.home), user="postgres", database="postgres")
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return
        raise AssertionError((self.home / "log").read_text())


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server while the block runs."""
    # Not below pytest's own temporary folder, which only its owner may enter, and short enough for a socket's path.
    home = Path(tempfile.mkdtemp(prefix="ota-pg-"))
    try:
        server = PostgresServer(home)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home)


def _installation() -> Path:
    # The wheel's binaries alone: its Python part, run as root, adds a user to the machine and opens folders up to "/".
    spec = importlib.util.find_spec("pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _run_as() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(installation: Path, home: Path, account: dict[str, object]) -> Path:
    """The installation, or a copy of it when the account cannot read it where it is (a checkout below /root)."""
    initdb = installation / "pginstall" / "bin" / "initdb"
    try:
        subprocess.run([initdb, "--version"], check=True, capture_output=True, cwd="/", **account)  # type: ignore[call-overload]
    except PermissionError:
        copy = home / "postgresql"
        shutil.copytree(installation / "pginstall", copy / "pginstall", ignore=shutil.ignore_patterns("include"))
        libraries = installation.with_name("pgserver.libs")
        if libraries.exists():
            shutil.copytree(libraries, home / libraries.name)
        return copy / "pginstall" / "bin"
    return initdb.parent
