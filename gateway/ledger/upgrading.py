"""Bringing a ledger's tables to what the code expects, safely when several processes start at once.

Nearly every start finds them so. That is seen by one small query: Alembic takes longer to import than all else that a
start does with the ledger.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.ledger.faults import named_faults, unavailable, whereabouts
from gateway.ledger.reaching import reach

# The ledger may share a database with others that use Alembic: its version has a table of its own.
_VERSION_TABLE = "ledger_version"


async def migrate(url: str) -> None:
    """Bring the ledger at `url` up to date. Raises InvalidInput for the URL, BackendUnavailable(LEDGER_UNAVAILABLE)."""
    engine, parsed = await reach(url)
    try:
        await upgrade(engine, parsed)
    finally:
        await engine.dispose()


async def upgrade(engine: AsyncEngine, url: URL) -> None:
    """Run what is missing, all or nothing. Raises BackendUnavailable when the tables are newer than this code."""
    if await _is_at_newest(engine, url):
        return
    from gateway.ledger.migrating import run_missing  # noqa: PLC0415 - slow to import, and seldom needed

    await run_missing(engine, url, _VERSION_TABLE)


async def verify(engine: AsyncEngine, url: URL) -> None:
    """Raise BackendUnavailable(LEDGER_UNAVAILABLE) unless the tables are what this code expects."""
    if await _is_at_newest(engine, url):
        return
    from gateway.ledger.migrating import is_current  # noqa: PLC0415 - slow to import, and seldom needed

    if not await is_current(engine, url, _VERSION_TABLE):
        raise unavailable(f"{whereabouts(url)} is not up to date. Run `ota-gateway ledger migrate` first.")


async def _is_at_newest(engine: AsyncEngine, url: URL) -> bool:
    with named_faults(url):
        async with engine.connect() as connection:
            return await connection.run_sync(_versions) == {newest_version()}


def newest_version() -> str:
    """The version of the last migration: what its file's name begins with."""
    files = (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")
    return max(file.name.partition("_")[0] for file in files)


def _versions(connection: Connection) -> set[str]:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return set()
    return set(connection.scalars(text(f"SELECT version_num FROM {_VERSION_TABLE}")))  # noqa: S608 - our own constant
