"""The migrations, run by Alembic: imported only where tables are missing or of another version."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.ledger.connecting import mark_writing
from gateway.ledger.faults import named_faults, unavailable, whereabouts

_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do, as long as every version of the gateway takes the same one.
_ADVISORY_LOCK = 7_201_594_203
# Alembic keeps the migration that runs in variables of its module: one at a time in a process, in whichever event loop.
_ALEMBIC = threading.Lock()
_PAUSE_SECONDS = 0.01


async def run_missing(engine: AsyncEngine, url: URL, version_table: str) -> None:
    """Run what is missing, all or nothing. Raises BackendUnavailable when the tables are newer than this code."""
    if await is_current(engine, url, version_table):
        return
    with named_faults(url, CommandError):
        async with _alone_with_alembic(), engine.connect() as connection:
            await mark_writing(connection)
            async with connection.begin():
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                await connection.run_sync(_run_migrations, url, version_table)


async def is_current(engine: AsyncEngine, url: URL, version_table: str) -> bool:
    """Whether nothing is missing. Raises BackendUnavailable when the tables are newer than this code."""
    with named_faults(url, CommandError):
        async with engine.connect() as connection:
            return await connection.run_sync(_stands_at_head, url, version_table)


@asynccontextmanager
async def _alone_with_alembic() -> AsyncIterator[None]:
    # Other event loops take it too, so it is none of asyncio's.
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110 - it may be another loop's
        await asyncio.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        _ALEMBIC.release()


def _config(connection: Connection, version_table: str) -> Config:
    settings: dict[str, Any] = {"version_table": version_table}
    config = Config(attributes={"connection": connection, "settings": settings})
    # The parser beneath takes a lone percent sign for an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _stands_at_head(connection: Connection, url: URL, version_table: str) -> bool:
    scripts = ScriptDirectory.from_config(_config(connection, version_table))
    context = MigrationContext.configure(connection, opts={"version_table": version_table})
    present = set(context.get_current_heads())
    known = {script.revision for script in scripts.walk_revisions()}
    if present - known:
        raise unavailable(
            f"{whereabouts(url)} was last used by a newer gateway (its tables are at {', '.join(sorted(present))}, "
            f"this one knows up to {', '.join(scripts.get_heads())}). Run that version or a newer one."
        )
    return present == set(scripts.get_heads())


def _run_migrations(connection: Connection, url: URL, version_table: str) -> None:
    # Another process may have done it while this one waited for the lock.
    if not _stands_at_head(connection, url, version_table):
        command.upgrade(_config(connection, version_table), "head")
