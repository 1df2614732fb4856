"""A ledger that cannot be used says so, says what to check, and keeps its secrets."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.domain.audit import AuditFilter, Intent
from gateway.domain.errors import BackendUnavailable, ErrorCode, InvalidInput
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started, migrate

SECRET = "tr0ub4dor"  # stands in URLs below and must stand nowhere else


async def refusal(url: str) -> BackendUnavailable:
    with pytest.raises(BackendUnavailable) as refused:
        await Ledger.open(url)
    error = refused.value
    assert error.code is ErrorCode.LEDGER_UNAVAILABLE
    assert error.retryable
    assert SECRET not in str(error)
    return error


async def test_a_postgresql_that_is_not_there_is_named_without_its_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await refusal(f"postgresql+asyncpg://ota:{SECRET}@127.0.0.1:{port}/ota?password={SECRET}")
    assert f"database ota at 127.0.0.1:{port}" in error.message
    assert "Check that the server runs" in error.message


async def test_a_database_that_does_not_exist_is_named(postgres_home: Path) -> None:
    error = await refusal(f"postgresql+asyncpg://postgres:{SECRET}@/absent?host={postgres_home}")
    assert 'database "absent" does not exist' in error.message


async def test_a_user_that_does_not_exist_is_named_but_a_password_alike_is_hidden(postgres_home: Path) -> None:
    await refusal(f"postgresql+asyncpg://{SECRET}:{SECRET}@/postgres?host={postgres_home}")


async def test_a_folder_is_no_sqlite_file(tmp_path: Path) -> None:
    error = await refusal(f"sqlite+aiosqlite:///{tmp_path}")
    assert str(tmp_path) in error.message
    assert "Check that its directory exists and is writable" in error.message


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    error = await refusal(f"sqlite+aiosqlite:///{tmp_path}/absent/ledger.db")
    assert "absent/ledger.db" in error.message


async def test_a_file_of_another_kind_is_left_as_it_is(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader, " * 200)
    error = await refusal(f"sqlite+aiosqlite:///{letter}")
    assert "not a database" in error.message
    assert letter.read_text() == "Dear reader, " * 200


@pytest.mark.parametrize(
    "url",
    [
        f"mysql+aiomysql://ota:{SECRET}@db/ota",
        f"postgresql://ota:{SECRET}@db/ota",
        "sqlite:///ledger.db",
        f"ota:{SECRET}@db",
        f"postgresql+asyncpg://ota:{SECRET}@db:port/ota",
        f"postgresql+asyncpg://ota:{SECRET}@127.0.0.1/ota?no_such_parameter={SECRET}",
        "",
    ],
)
async def test_a_url_that_names_no_ledger_is_bad_input(url: str) -> None:
    for opening in (Ledger.open, migrate):
        with pytest.raises(InvalidInput) as refused:
            await opening(url)
        assert refused.value.path == ["ledger", "url"]
        assert "postgresql+asyncpg://" in refused.value.rule
        assert SECRET not in str(refused.value)


async def test_a_ledger_that_breaks_while_open_fails_every_call_by_name(
    url: str, ledger: Ledger, engine_to: Callable[[str], Any], intend: Callable[..., Intent]
) -> None:
    started = await ledger.begin(intend())
    assert isinstance(started, Started)
    async with engine_to(url).begin() as connection:
        for table in ("audit_targets", "audit_calls", "idempotency_claims", "tombstones", "turns", "audit_entries"):
            await connection.execute(text(f"DROP TABLE {table}"))
    for call in (
        ledger.begin(intend()),
        ledger.close(started.entry_id, MutationResult(outcome=MutationOutcome.DONE)),
        ledger.entry(started.entry_id),
        ledger.entries(AuditFilter(), first=1, after=None),
        ledger.open_entries(),
    ):
        with pytest.raises(BackendUnavailable) as refused:
            await call
        assert refused.value.code is ErrorCode.LEDGER_UNAVAILABLE


async def test_an_entry_that_was_altered_is_refused_by_name(
    url: str, ledger: Ledger, engine_to: Callable[[str], Any], intend: Callable[..., Intent]
) -> None:
    started = await ledger.begin(intend())
    assert isinstance(started, Started)
    async with engine_to(url).begin() as connection:
        on_table = "" if url.startswith("sqlite") else " ON audit_entries"
        await connection.execute(text(f"DROP TRIGGER audit_entries_updated{on_table}"))
        await connection.execute(text("UPDATE audit_entries SET operation = 'FLY'"))
    with pytest.raises(BackendUnavailable, match=started.entry_id) as refused:
        await ledger.entry(started.entry_id)
    assert refused.value.code is ErrorCode.LEDGER_UNAVAILABLE


async def test_a_connection_lost_between_two_calls_is_replaced(
    postgres_url: str, opener: Callable[..., Any], engine_to: Callable[[str], Any], intend: Callable[..., Intent]
) -> None:
    ledger = await opener(postgres_url)
    await ledger.begin(intend())
    async with engine_to(postgres_url).connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert isinstance(await ledger.begin(intend()), Started)
