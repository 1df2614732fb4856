"""An engine whose database has answered once, or the reason why there is none."""

import asyncio
import sqlite3
from collections.abc import Callable

from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.ledger.connecting import SQLITE, create_engine, parse_url, unusable_url
from gateway.ledger.faults import named_faults

_BUSY_ATTEMPTS = 50
_BUSY_PAUSE_SECONDS = 0.2


async def reach(url: str) -> tuple[AsyncEngine, URL]:
    """Connect to the ledger's database.

    Raises InvalidInput when the URL cannot name a ledger, BackendUnavailable(LEDGER_UNAVAILABLE) when the database
    does not answer.
    """
    parsed = parse_url(url)
    engine = create_engine(parsed)
    try:
        with named_faults(parsed):
            if parsed.drivername == SQLITE:
                # aiosqlite leaves the thread of a failed opening behind, to complain once the event loop has closed.
                await asyncio.to_thread(_open_once, engine)
            await _connect_once(engine)
    except (TypeError, ValueError):
        await engine.dispose()
        raise unusable_url("The ledger's URL has parameters that its driver does not take") from None
    except BaseException:
        await engine.dispose()
        raise
    return engine, parsed


def _open_once(engine: AsyncEngine) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    arguments, options = engine.dialect.create_connect_args(engine.url)
    connect(*arguments, **options).close()


async def _connect_once(engine: AsyncEngine) -> None:
    for attempt in range(1, _BUSY_ATTEMPTS + 1):
        try:
            async with engine.connect():
                return
        except OperationalError as fault:
            # Of several that turn a new SQLite file to WAL at once, SQLite fails all but one without waiting.
            if attempt == _BUSY_ATTEMPTS or not _is_busy(fault):
                raise
        await asyncio.sleep(_BUSY_PAUSE_SECONDS)


def _is_busy(fault: OperationalError) -> bool:
    code = getattr(fault.orig, "sqlite_errorcode", None)
    # The low byte is the primary code; the rest tells kinds of busy apart.
    return isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY
