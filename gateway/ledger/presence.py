"""Which processes live: each holds a lock that ends with it, however it ends.

Beside an SQLite file it is a locked file of its own, in PostgreSQL a session's advisory lock on a connection of its
own. An entry whose process holds its lock no more was left behind. A ledger in memory has one process only.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from secrets import token_hex
from typing import Protocol
from urllib.parse import unquote

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.ledger.connecting import POSTGRESQL, in_memory
from gateway.ledger.faults import unavailable, whereabouts

_ATTEMPTS = 20
_PAUSE_SECONDS = 0.1


def new_instance() -> str:
    """A name that no process had before."""
    return token_hex(8)


class Presence(Protocol):
    """The lock of this process, by which others know that it lives."""

    instance: str

    async def hold(self) -> None:
        """Make sure that the lock is held. Raises the database's faults, or BackendUnavailable."""
        ...

    async def is_gone(self, connection: AsyncConnection, instance: str) -> bool:
        """Whether the process of that name lives no more. On PostgreSQL it cannot come back within the transaction."""
        ...

    async def aclose(self) -> None:
        """Let the lock go."""
        ...


def presence_for(engine: AsyncEngine, url: URL) -> Presence:
    """The kind of lock that fits the database."""
    if url.drivername == POSTGRESQL:
        return SessionLock(engine, url)
    return Alone() if in_memory(url) else FileLock(_file_of(url))


class Alone:
    """Nobody else can see this ledger."""

    def __init__(self) -> None:
        self.instance = new_instance()

    async def hold(self) -> None:
        """Nothing to hold."""

    async def is_gone(self, connection: AsyncConnection, instance: str) -> bool:
        """Whoever else wrote here."""
        return instance != self.instance

    async def aclose(self) -> None:
        """Nothing to let go."""


class FileLock:
    """A locked file beside the database, named for the process. A file that is missing or unlocked means gone."""

    def __init__(self, database: Path) -> None:
        self.instance = new_instance()
        self._database = database
        self._held: int | None = None

    async def hold(self) -> None:
        """Make the file and lock it, once."""
        if self._held is None:
            self._sweep()
            self._held = self._locked_file()

    async def is_gone(self, connection: AsyncConnection, instance: str) -> bool:
        """Whether nobody holds the file."""
        try:
            other = os.open(self._path(instance), os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            return _try_lock(other)
        finally:
            os.close(other)

    async def aclose(self) -> None:
        """Take the file away."""
        if self._held is not None:
            self._path(self.instance).unlink(missing_ok=True)
            os.close(self._held)
            self._held = None

    def _path(self, instance: str) -> Path:
        return self._database.with_name(f"{self._database.name}-owner-{instance}")

    def _locked_file(self) -> int:
        path = self._path(self.instance)
        for _ in range(_ATTEMPTS):
            opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            # Between the two another process may have swept it away as a dead one's.
            if _try_lock(opened) and path.exists() and path.stat().st_ino == os.fstat(opened).st_ino:
                return opened
            os.close(opened)
        raise OSError(f"{path} cannot be locked")

    def _sweep(self) -> None:
        """Take away what processes that were killed have left."""
        for path in self._database.parent.glob(f"{self._database.name}-owner-*"):
            try:
                left = os.open(path, os.O_RDWR)
            except OSError:
                continue
            if _try_lock(left):
                path.unlink(missing_ok=True)
            os.close(left)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _file_of(url: URL) -> Path:
    name = url.database or ""
    return Path(unquote(name.removeprefix("file:").partition("?")[0]) if name.startswith("file:") else name)


class SessionLock:
    """An advisory lock of a PostgreSQL session, which the server lets go when the session's connection ends."""

    def __init__(self, engine: AsyncEngine, url: URL) -> None:
        self.instance = new_instance()
        self._engine = engine
        self._url = url
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()

    async def hold(self) -> None:
        """Take the lock, and take it again when its connection was lost."""
        if await self._connected():
            return
        async with self._turn:
            if not await self._connected():
                await self._let_go()
                self._connection = await self._locked()

    async def is_gone(self, connection: AsyncConnection, instance: str) -> bool:
        """Whether the lock can be had; if so it is had until the transaction's end."""
        trying = text("SELECT pg_try_advisory_xact_lock(:key)")
        return bool(await connection.scalar(trying, {"key": _key(instance)}))

    async def aclose(self) -> None:
        """End the session."""
        await self._let_go()

    async def _connected(self) -> bool:
        if self._connection is None:
            return False
        raw = await self._connection.get_raw_connection()
        return raw.driver_connection is not None and not raw.driver_connection.is_closed()

    async def _locked(self) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for _ in range(_ATTEMPTS):
                # Another process may be trying at this very moment whether we live.
                if await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(self.instance)}):
                    return connection
                await asyncio.sleep(_PAUSE_SECONDS)
        except BaseException:
            await connection.invalidate()
            await connection.close()
            raise
        await connection.close()
        raise unavailable(f"{whereabouts(self._url)} still holds this process's lock for a lost connection.")

    async def _let_go(self) -> None:
        # Never back into the pool: whoever is lent this connection next would hold the lock.
        lost, self._connection = self._connection, None
        if lost is not None:
            await lost.invalidate()
            await lost.close()


def _key(instance: str) -> int:
    return int.from_bytes(bytes.fromhex(instance), signed=True)
