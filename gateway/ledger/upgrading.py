"""Bringing a ledger's tables to what the code expects, safely when several processes start at once."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.ledger.connecting import mark_writing
from gateway.ledger.faults import named_faults, unavailable, whereabouts
from gateway.ledger.reaching import reach

_MIGRATIONS = Path(__file__).parent / "migrations"
# The ledger may share a database with others that use Alembic: its version has a table of its own.
_SETTINGS: dict[str, Any] = {"version_table": "ledger_version"}
# Any number will do, as long as every version of the gateway takes the same one.
_ADVISORY_LOCK = 7_201_594_203


async def migrate(url: str) -> None:
    """Bring the ledger at `url` up to date. Raises InvalidInput for the URL, BackendUnavailable(LEDGER_UNAVAILABLE)."""
    engine, parsed = await reach(url)
    try:
        await upgrade(engine, parsed)
    finally:
        await engine.dispose()


async def upgrade(engine: AsyncEngine, url: URL) -> None:
    """Run what is missing, all or nothing. Raises BackendUnavailable when the tables are newer than this code."""
    if await _is_current(engine, url):
        return
    with named_faults(url):
        async with engine.connect() as connection:
            await mark_writing(connection)
            async with connection.begin():
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                await connection.run_sync(_run_migrations, url)


async def verify(engine: AsyncEngine, url: URL) -> None:
    """Raise BackendUnavailable(LEDGER_UNAVAILABLE) unless the tables are what this code expects."""
    if not await _is_current(engine, url):
        raise unavailable(f"{whereabouts(url)} is not up to date. Run `ota-gateway ledger migrate` first.")


async def _is_current(engine: AsyncEngine, url: URL) -> bool:
    with named_faults(url):
        async with engine.connect() as connection:
            return await connection.run_sync(_stands_at_head, url)


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection, "settings": _SETTINGS})
    # The parser beneath takes a lone percent sign for an interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _stands_at_head(connection: Connection, url: URL) -> bool:
    scripts = ScriptDirectory.from_config(_config(connection))
    present = set(MigrationContext.configure(connection, opts=_SETTINGS).get_current_heads())
    known = {script.revision for script in scripts.walk_revisions()}
    if present - known:
        raise unavailable(
            f"{whereabouts(url)} was last used by a newer gateway (its tables are at {', '.join(sorted(present))}, "
            f"this one knows up to {', '.join(scripts.get_heads())}). Run that version or a newer one."
        )
    return present == set(scripts.get_heads())


def _run_migrations(connection: Connection, url: URL) -> None:
    # Another process may have done it while this one waited for the lock.
    if not _stands_at_head(connection, url):
        command.upgrade(_config(connection), "head")
