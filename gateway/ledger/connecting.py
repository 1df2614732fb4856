"""From a ledger URL to an engine: SQLite through aiosqlite, PostgreSQL through asyncpg."""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from gateway.domain.errors import InvalidInput
from gateway.ledger.rows import to_json

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"

_RULE = "sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://user:password@host:5432/database"
# A change waits this long for a ledger that is away before it is refused.
_CONNECT_SECONDS = 3
_STATEMENT_SECONDS = 10
_BUSY_MILLISECONDS = 5_000
_POOL_WAIT_SECONDS = 5
# FULL, because a change may be sent to the vendor only once its intent would survive a power cut.
_SQLITE_PRAGMAS = (f"busy_timeout={_BUSY_MILLISECONDS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def parse_url(url: str) -> URL:
    """Read a ledger URL. Raises InvalidInput, without repeating the URL, when it names no database the ledger knows."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise unusable_url("The ledger's URL cannot be read") from None
    if parsed.drivername not in (SQLITE, POSTGRESQL):
        raise unusable_url(f"The ledger cannot use {parsed.drivername!r} databases")
    return parsed


def unusable_url(what: str) -> InvalidInput:
    """The error for a URL that no database can be reached by, whatever state the database is in."""
    return InvalidInput(f"{what}. Expected {_RULE}.", path=("ledger", "url"), rule=_RULE)


def in_memory(url: URL) -> bool:
    """Whether the URL names an SQLite database that lives in this process only."""
    return url.drivername == SQLITE and (url.database in (None, "", ":memory:") or url.query.get("mode") == "memory")


def create_engine(url: URL) -> AsyncEngine:
    """An engine that has not connected yet. Parameters never appear in its errors: they hold callers' data."""
    if url.drivername == POSTGRESQL:
        return create_async_engine(
            url,
            hide_parameters=True,
            json_serializer=to_json,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_timeout=_POOL_WAIT_SECONDS,
            connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": _STATEMENT_SECONDS},
        )
    # A database in memory is its connection: one, kept, and lent to one transaction at a time.
    size: dict[str, Any] = (
        {"pool_size": 1, "max_overflow": 0} if in_memory(url) else {"pool_timeout": _POOL_WAIT_SECONDS}
    )
    engine = create_async_engine(
        url, hide_parameters=True, json_serializer=to_json, poolclass=AsyncAdaptedQueuePool, **size
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


async def mark_writing(connection: AsyncConnection) -> None:
    """Let the next transaction of this connection take SQLite's write lock at its start."""
    await connection.execution_options(gateway_writing=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions of its own: `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
    except BaseException:
        # The pool forgets a connection that failed here; its thread would stay.
        connection.close()
        raise
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes cannot wait for another writer: SQLite fails it at once. One
    # that takes the write lock at its start waits as long as busy_timeout says.
    writing = connection.get_execution_options().get("gateway_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
