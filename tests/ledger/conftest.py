"""Ledgers on both databases: an SQLite file, and a PostgreSQL started for the tests from the pgserver wheel."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.domain.audit import Intent
from gateway.domain.operations import Operation
from gateway.ledger import Ledger

Opener = Callable[..., Awaitable[Ledger]]


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


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


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """A running PostgreSQL; the folder is where its socket is. Any password is accepted."""
    # Not below pytest's own temporary folder, which only its owner may enter, and short enough for a socket's path.
    home = Path(tempfile.mkdtemp(prefix="ota-pg-"))
    account = _run_as()
    try:
        binaries = _reachable(_installation(), home, account)
        if account:
            os.chown(home, account["user"], account["group"])  # type: ignore[arg-type]
            home.chmod(0o755)
        data = home / "data"
        initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", **account)  # type: ignore[call-overload]
        with (home / "log").open("wb") as log:
            command = [binaries / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **account)  # type: ignore[call-overload]
        try:
            asyncio.run(_answers(server, home))
            yield home
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)
    finally:
        shutil.rmtree(home)


async def _answers(server: "subprocess.Popen[bytes]", home: Path) -> None:
    for _ in range(200):
        assert server.poll() is None, (home / "log").read_text()
        try:
            connection = await asyncpg.connect(host=str(home), user="postgres", database="postgres")
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.05)
        else:
            await connection.close()
            return
    raise AssertionError((home / "log").read_text())


@pytest.fixture
async def postgres_url(postgres_home: Path) -> str:
    """A new, empty PostgreSQL database. It goes when its server goes."""
    name = f"ledger_{uuid4().hex}"
    connection = await asyncpg.connect(host=str(postgres_home), user="postgres", database="postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"postgresql+asyncpg://postgres@/{name}?host={postgres_home}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty ledger of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def opener() -> AsyncIterator[Opener]:
    """`Ledger.open`, closing at the end of the test whatever it opened."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str, **options: object) -> Ledger:
            ledger = await Ledger.open(url, **options)  # type: ignore[arg-type]
            stack.push_async_callback(ledger.aclose)
            return ledger

        yield open_one


@pytest.fixture
async def engine_to() -> AsyncIterator[Callable[[str], AsyncEngine]]:
    """A way into the database beside the ledger."""
    async with AsyncExitStack() as stack:

        def connect(url: str) -> AsyncEngine:
            engine = create_async_engine(url)
            stack.push_async_callback(engine.dispose)
            return engine

        yield connect


@pytest.fixture
async def ledger(url: str, clock: Clock, opener: Opener) -> Ledger:
    return await opener(url, now=clock)


@pytest.fixture
def intend() -> Callable[..., Intent]:
    """An intent; only what matters to the test need be said."""

    def make(**members: object) -> Intent:
        usual: dict[str, object] = {
            "actor": "alice",
            "operation": Operation.CANCEL_TASK,
            "backend": "fleet",
            "targets": ("job-1",),
        }
        return Intent(**{**usual, **members})  # type: ignore[arg-type]

    return make
