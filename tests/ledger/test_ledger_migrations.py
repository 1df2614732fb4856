"""The tables are built, once, by whoever comes first, and never by code that is too old for them."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from gateway.domain.audit import Intent
from gateway.domain.errors import BackendUnavailable, ErrorCode
from gateway.ledger import Ledger, Started, migrate
from gateway.ledger.tables import metadata
from gateway.ledger.upgrading import newest_version

OPEN = """
import asyncio, sys
from gateway.ledger import Ledger

async def main():
    ledger = await Ledger.open(sys.argv[1])
    assert await ledger.open_entries() == []
    await ledger.aclose()

asyncio.run(main())
"""


async def test_an_empty_database_is_brought_up_to_date_and_a_second_time_changes_nothing(
    url: str, opener: Callable[..., Any], intend: Callable[..., Intent]
) -> None:
    await migrate(url)
    ledger = await opener(url, migrate=False)
    started = await ledger.begin(intend())
    await migrate(url)
    assert [entry.id for entry in await ledger.open_entries()] == [started.entry_id]


async def test_without_migrating_an_empty_database_is_refused_and_left_empty(
    url: str, engine_to: Callable[[str], Any]
) -> None:
    with pytest.raises(BackendUnavailable, match="ota-gateway ledger migrate") as refused:
        await Ledger.open(url, migrate=False)
    assert refused.value.code is ErrorCode.LEDGER_UNAVAILABLE
    async with engine_to(url).connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []


async def test_the_migrations_build_what_the_code_expects(url: str, engine_to: Callable[[str], Any]) -> None:
    await migrate(url)

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"version_table": "ledger_version", "compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine_to(url).connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("migrating", [True, False])
async def test_a_database_of_a_newer_gateway_is_refused_and_left_as_it_is(
    url: str, engine_to: Callable[[str], Any], *, migrating: bool
) -> None:
    await migrate(url)
    engine = engine_to(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE ledger_version SET version_num = '9999'"))
    with pytest.raises(BackendUnavailable, match=r"newer gateway .*9999") as refused:
        await Ledger.open(url, migrate=migrating)
    assert refused.value.code is ErrorCode.LEDGER_UNAVAILABLE
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM ledger_version")) == "9999"


async def test_a_migrated_database_stands_at_the_newest_version_so_that_the_next_start_needs_no_migrations(
    url: str, engine_to: Callable[[str], Any]
) -> None:
    await migrate(url)
    async with engine_to(url).connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM ledger_version")) == newest_version()


async def test_many_opening_one_empty_database_at_once_all_succeed(url: str, opener: Callable[..., Any]) -> None:
    ledgers = await asyncio.gather(*(opener(url) for _ in range(6)))
    assert [await ledger.open_entries() for ledger in ledgers] == [[]] * 6


async def test_processes_starting_at_once_all_succeed(url: str) -> None:
    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", OPEN, url], stderr=subprocess.PIPE)

    processes = [start() for _ in range(3)]
    for process in processes:
        _, complaint = await asyncio.to_thread(process.communicate)
        assert process.returncode == 0, complaint


async def test_migrating_leaves_logging_as_it_was(url: str) -> None:
    root = logging.getLogger()
    existing = logging.getLogger("existing")
    before = (root.level, list(root.handlers), existing.disabled)
    await migrate(url)
    assert (root.level, list(root.handlers), existing.disabled) == before


async def test_a_ledger_in_memory_works_and_takes_many_tasks_at_once(
    opener: Callable[..., Any], intend: Callable[..., Intent]
) -> None:
    ledger = await opener("sqlite+aiosqlite://")
    started = await asyncio.gather(*(ledger.begin(intend()) for _ in range(20)))
    assert all(isinstance(one, Started) for one in started)
    assert len(await ledger.open_entries()) == 20


def test_an_sqlite_ledger_writes_ahead_to_a_log(tmp_path: Path) -> None:
    file = tmp_path / "a ledger.db"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{file}"))
    assert file.read_bytes()[18:20] == b"\x02\x02"  # SQLite's own mark of a database in WAL mode


def test_two_event_loops_of_one_process_may_migrate_at_once(tmp_path: Path) -> None:
    urls = [f"sqlite+aiosqlite:///{tmp_path / f'{number}.db'}" for number in range(4)]
    with ThreadPoolExecutor(len(urls)) as threads:
        list(threads.map(lambda url: asyncio.run(migrate(url)), urls))
        list(threads.map(lambda url: asyncio.run(migrate(url)), urls))


async def test_several_databases_are_migrated_at_once_in_one_process(
    tmp_path: Path, postgres_url: str, opener: Callable[..., Any]
) -> None:
    urls = [postgres_url, *(f"sqlite+aiosqlite:///{tmp_path / f'{number}.db'}" for number in range(4))]
    ledgers = await asyncio.gather(*(opener(url) for url in urls))
    assert [await ledger.open_entries() for ledger in ledgers] == [[]] * 5


async def test_what_an_older_gateway_left_open_may_have_been_called(tmp_path: Path, opener: Callable[..., Any]) -> None:
    file = tmp_path / "ledger.db"
    await migrate(f"sqlite+aiosqlite:///{file}")
    with closing(sqlite3.connect(file)) as old:
        for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            old.execute(f"DROP TRIGGER {name}")
        old.execute("DROP TABLE audit_calls")
        old.execute("DROP TABLE turns")
        old.execute("ALTER TABLE audit_entries DROP COLUMN instance")
        old.execute("UPDATE ledger_version SET version_num = '0001'")
        for entry_id, before in (("begun", None), ("described", "{}")):
            members = (entry_id, "2026-01-01 00:00:00", "OPEN", "alice", "DELETE_TASK", "fleet", before)
            old.execute(
                "INSERT INTO audit_entries (id, at, state, actor, operation, backend, before) VALUES (?,?,?,?,?,?,?)",
                members,
            )
        old.commit()
    ledger = await opener(f"sqlite+aiosqlite:///{file}")
    assert await ledger.adopt_orphans() == ["begun", "described"]
    found = {entry.id: calls for entry, calls in await ledger.left_open(["begun", "described"])}
    assert found["begun"] == []
    assert [call.objects for call in found["described"]] == [{}]
