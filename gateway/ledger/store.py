"""Ways into the ledger's database: a connection to read by, and a transaction to write in, whose faults have a name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.ledger.connecting import POSTGRESQL, mark_writing
from gateway.ledger.faults import named_faults, unavailable, whereabouts
from gateway.ledger.presence import presence_for


class Store:
    """An open database, and this process's presence in it."""

    def __init__(self, engine: AsyncEngine, url: URL, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._url = url
        self._now = now
        self._presence = presence_for(engine, url)
        # SQLite has one writer. Waiting here is fair and cheap; its own waiting is polling.
        self._write_turn: AbstractAsyncContextManager[Any] = (
            nullcontext() if url.drivername == POSTGRESQL else asyncio.Lock()
        )

    def _unreadable(self, entry_id: str) -> Exception:
        return unavailable(
            f"{whereabouts(self._url)} holds an entry, {entry_id}, that this version cannot read. Check whether it"
            " was written by a newer gateway, or altered."
        )

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with named_faults(self._url):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        with named_faults(self._url):
            async with self._write_turn, self._engine.connect() as connection:
                await mark_writing(connection)
                async with connection.begin():
                    yield connection
