"""With the ledger away, reads go on and nothing is changed; once it is back, so is everything, by itself."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.domain.audit import Intent
from gateway.domain.errors import BackendUnavailable, ErrorCode
from gateway.ledger import Ledger, Started
from tests.support.postgres_server import PostgresServer, postgres_server
from tests.support.simulated_gateway import SimulatedGateway, served, simulated_gateway

TASKS = "{ tasks(first: 50) { nodes { id vendorStatus } backends { status } } }"
AUDIT = "{ auditEntries(first: 10) { nodes { id } } }"


@pytest.fixture(scope="module")
def server() -> Any:
    """A PostgreSQL of our own, to be stopped and started."""
    with postgres_server() as running:
        yield running


@asynccontextmanager
async def over(behind: SimulatedGateway, url: str) -> AsyncIterator[SimulatedGateway]:
    ledger = behind.settings.ledger.model_copy(update={"url": url})
    settings = behind.settings.model_copy(update={"ledger": ledger})
    async with served(settings) as own:
        yield SimulatedGateway(behind.backends, settings, own, behind.http)


async def completed(gateway: SimulatedGateway, number: int) -> list[str]:
    rows = (await gateway.ask(TASKS))["tasks"]["nodes"]
    return [row["id"] for row in rows if row["vendorStatus"] == "COMPLETED"][:number]


async def test_reads_go_on_changes_are_refused_and_all_recovers(server: PostgresServer, tmp_path: Path) -> None:
    url = await server.new_database()
    async with (
        simulated_gateway(tmp_path, only=["aws-iot"], pace={"attempt_timeout": "5s"}) as behind,
        over(behind, url) as gateway,
    ):
        vendor = gateway.backends["aws-iot"]
        first, second = await completed(gateway, 2)
        await asyncio.to_thread(server.stop)
        try:
            fresh = await gateway.ask(TASKS, headers={"cache-control": "no-cache"})
            assert [one["status"] for one in fresh["tasks"]["backends"]] == ["OK"]
            refused = await gateway.change("deleteOtaTask", id=first, idempotencyKey="k")
            assert (refused["outcome"], [one["code"] for one in refused["errors"]]) == (
                "REFUSED", ["LEDGER_UNAVAILABLE"],
            )  # fmt: skip
            assert vendor.called("DeleteJob") == 0
            assert await gateway.error_codes(AUDIT) == ["BACKEND_UNAVAILABLE"]
        finally:
            await asyncio.to_thread(server.start)
        done = await gateway.change("deleteOtaTask", id=first, idempotencyKey="k")
        assert done["outcome"] in {"DONE", "REQUESTED"}
        assert vendor.called("DeleteJob") == 1
        # The vendor is answering when the ledger goes: what it says is told, and written once that is possible.
        vendor.fail("delay", "DeleteJob", seconds=2.5, times=1)
        changing = asyncio.create_task(gateway.change("deleteOtaTask", id=second))
        for _ in range(200):
            if vendor.called("DeleteJob") == 2:
                break
            await asyncio.sleep(0.02)
        await asyncio.to_thread(server.stop)
        try:
            told = await changing
            assert (told["outcome"], [one["code"] for one in told["errors"]]) == (
                done["outcome"], ["LEDGER_UNAVAILABLE"],
            )  # fmt: skip
        finally:
            await asyncio.to_thread(server.start)
        for _ in range(100):
            entry = await gateway.audited(told["auditEntryId"])
            if entry["state"] == "CLOSED":
                break
            await asyncio.sleep(0.1)
        assert (entry["outcome"], entry["errors"]) == (done["outcome"], [])
        assert vendor.called("DeleteJob") == 2
        again = await gateway.change("deleteOtaTask", id=second)
        assert again["outcome"] == "ALREADY_DELETED"


async def test_a_full_disk_refuses_changes_until_there_is_room(
    tmp_path: Path, opener: Callable[..., Any], intend: Callable[..., Intent]
) -> None:
    ledger: Ledger = await opener(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    await ledger.begin(intend())
    await _pages(ledger, 1)
    with pytest.raises(BackendUnavailable, match="the disk is not full") as refused:
        await _many(ledger, intend(reason="x" * 1000))
    assert refused.value.code is ErrorCode.LEDGER_UNAVAILABLE
    assert await ledger.open_entries()
    await _pages(ledger, 1_000_000)
    assert isinstance(await ledger.begin(intend()), Started)


async def _many(ledger: Ledger, intent: Intent) -> None:
    for _ in range(200):
        await ledger.begin(intent)


async def _pages(ledger: Ledger, most: int) -> None:
    """How large the file may grow over the one connection that is in use."""
    async with ledger._engine.connect() as connection:
        await connection.execute(text(f"PRAGMA max_page_count = {most}"))


async def test_a_file_that_somebody_keeps_locked_refuses_changes_and_is_read_all_the_same(
    tmp_path: Path, opener: Callable[..., Any], intend: Callable[..., Intent]
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    ledger: Ledger = await opener(url)
    await ledger.begin(intend())
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BackendUnavailable, match="keeps it locked"):
            await ledger.begin(intend())
        assert len(await ledger.open_entries()) == 1
    assert isinstance(await ledger.begin(intend()), Started)
