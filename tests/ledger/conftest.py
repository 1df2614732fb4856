"""Ledgers on both databases: an SQLite file, and a PostgreSQL started for the tests from the pgserver wheel."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.domain.audit import Intent
from gateway.domain.operations import Operation
from gateway.ledger import Ledger
from tests.support.postgres_server import PostgresServer, postgres_server

Opener = Callable[..., Awaitable[Ledger]]


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL, to be left running."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_home(postgres: PostgresServer) -> Path:
    """The folder where its socket is."""
    return postgres.home


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> str:
    """A new, empty PostgreSQL database."""
    return await postgres.new_database()


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
