"""Whatever a database, its driver or the disk raises, as LEDGER_UNAVAILABLE with what to check."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.domain.errors import BackendUnavailable, ErrorCode
from gateway.ledger.connecting import POSTGRESQL, in_memory

_CHECK = {
    True: "Check that the server runs and is reached from here, and that user, password and database are right.",
    False: "Check that its directory exists and is writable, that the disk is not full, that the file is an SQLite"
    " database, and that no other process keeps it locked.",
}
_SECRET_PARAMETERS = ("password", "passfile")
_LONGEST_CAUSE = 300


@contextmanager
def named_faults(url: URL, *others: type[Exception]) -> Iterator[None]:
    """Turn every fault of the database within, and `others`, into BackendUnavailable(LEDGER_UNAVAILABLE)."""
    try:
        yield
    except _faults(url, others) as fault:
        check = _CHECK[url.drivername == POSTGRESQL]
        raise unavailable(f"{whereabouts(url)} cannot be used ({_cause(fault, url)}). {check}") from fault


def _faults(url: URL, others: tuple[type[Exception], ...]) -> tuple[type[Exception], ...]:
    known = (SQLAlchemyError, sqlite3.Error, OSError, *others)
    if url.drivername != POSTGRESQL:
        return known
    import asyncpg  # noqa: PLC0415 - slow to import, and never needed beside SQLite

    return (*known, asyncpg.PostgresError, asyncpg.InterfaceError)


def unavailable(message: str) -> BackendUnavailable:
    """The ledger cannot be used, for the reason given."""
    return BackendUnavailable(f"The ledger in {message}", code=ErrorCode.LEDGER_UNAVAILABLE)


def whereabouts(url: URL) -> str:
    """Where the ledger is, for people; never its user or password."""
    if url.drivername != POSTGRESQL:
        return "memory" if in_memory(url) else f"the SQLite file {url.database}"
    host = url.host or url.query.get("host") or "localhost"
    return f"the PostgreSQL database {url.database or ''} at {host}:{url.port or url.query.get('port') or 5432}"


def _cause(fault: BaseException, url: URL) -> str:
    """The driver's own first line, without any secret of the URL."""
    if isinstance(fault, DBAPIError) and fault.orig is not None:
        fault = fault.orig.__cause__ or fault.orig
    lines = str(fault).splitlines()
    text = f"{type(fault).__name__}: {lines[0]}" if lines else type(fault).__name__
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return text[:_LONGEST_CAUSE]


def _secrets(url: URL) -> Iterator[str]:
    plain = [url.password, *(url.query.get(name) for name in _SECRET_PARAMETERS)]
    for secret in plain:
        if isinstance(secret, str) and secret:
            yield from {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
