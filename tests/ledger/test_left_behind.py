"""Entries that a process left open are taken over by one other process, and only once it lives no more."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.domain.audit import Intent
from gateway.domain.errors import BackendUnavailable, ErrorCode
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started

Opener = Callable[..., Any]
Intend = Callable[..., Intent]
PLAIN = {"id": "the-id", "status": "QUEUED"}
BEGIN_AND_STAY = """
import asyncio, sys
from gateway.domain.audit import Intent
from gateway.domain.operations import Operation
from gateway.ledger import Ledger

async def main():
    ledger = await Ledger.open(sys.argv[1])
    for target in ("job-7", "job-8"):
        started = await ledger.begin(
            Intent(actor="alice", operation=Operation.DELETE_TASK, backend="fleet", targets=[target])
        )
    await ledger.note_call(started.entry_id, 0, {"job-8": [{"id": "i"}]}, {"force": True})
    print("begun", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
async def process(url: str, opener: Opener) -> Any:
    await opener(url)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BEGIN_AND_STAY, url, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begun\n"
    yield child
    if child.returncode is None:
        child.kill()
    await child.communicate()


async def begun(ledger: Ledger, intent: Intent) -> str:
    started = await ledger.begin(intent)
    assert isinstance(started, Started)
    return started.entry_id


def locks(folder: Path) -> list[Path]:
    return list(folder.glob("ledger.db-owner-*"))


async def adopted(ledger: Ledger) -> list[str]:
    """PostgreSQL learns of a lost connection a moment after its process has gone."""
    for _ in range(100):
        found = await ledger.adopt_orphans()
        if found:
            return found
        await asyncio.sleep(0.05)
    return []


async def test_what_a_living_process_has_open_is_left_to_it(url: str, opener: Opener, process: Any) -> None:
    ledger = await opener(url)
    assert await ledger.adopt_orphans() == []
    assert len(await ledger.open_entries()) == 2


async def test_what_a_killed_process_left_is_adopted_with_the_calls_it_may_have_made(
    url: str, opener: Opener, process: Any
) -> None:
    ledger = await opener(url)
    own = await begun(ledger, Intent(actor="a", operation=Operation.DELETE_TASK, backend="fleet", targets=["mine"]))
    process.send_signal(signal.SIGKILL)
    await process.wait()
    taken = await adopted(ledger)
    assert len(taken) == 2
    assert own not in taken
    (never, none), (sent, calls) = await ledger.left_open(taken)
    assert none == []
    assert (never.targets, sent.targets) == (["job-7"], ["job-8"])
    assert [(call.objects, call.wanted) for call in calls] == [({"job-8": [{"id": "i"}]}, {"force": True})]
    assert await ledger.adopt_orphans() == []


async def test_of_several_that_try_at_once_each_entry_goes_to_one(url: str, opener: Opener, process: Any) -> None:
    ledgers = [await opener(url) for _ in range(4)]
    for ledger in ledgers:
        await ledger.stay()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    found: list[str] = []
    for _ in range(100):
        for one in await asyncio.gather(*(ledger.adopt_orphans() for ledger in ledgers)):
            found.extend(one)
        if found:
            break
        await asyncio.sleep(0.05)
    assert len(found) == len(set(found)) == 2


async def test_whoever_adopts_and_dies_leaves_them_to_the_next(url: str, opener: Opener, intend: Intend) -> None:
    first, second, third = await opener(url), await opener(url), await opener(url)
    entry_id = await begun(first, intend())
    await first.aclose()
    assert await adopted(second) == [entry_id]
    assert await third.adopt_orphans() == []
    await second.aclose()
    assert await adopted(third) == [entry_id]


async def test_nothing_is_sent_for_an_entry_that_was_taken_over(url: str, opener: Opener, intend: Intend) -> None:
    first, second = await opener(url), await opener(url)
    entry_id = await begun(first, intend())
    await first._presence.aclose()  # as when its connection is cut and the process runs on
    assert await adopted(second) == [entry_id]
    with pytest.raises(BackendUnavailable, match="Nothing more was sent") as refused:
        await first.note_call(entry_id, 0, {"job-1": [PLAIN]}, {})
    assert refused.value.code is ErrorCode.LEDGER_UNAVAILABLE
    ((_, calls),) = await second.left_open([entry_id])
    assert calls == []


async def test_a_closed_entry_takes_no_more_calls(ledger: Ledger, intend: Intend) -> None:
    entry_id = await begun(ledger, intend())
    await ledger.close(entry_id, MutationResult(outcome=MutationOutcome.DONE))
    with pytest.raises(BackendUnavailable):
        await ledger.note_call(entry_id, 0, {"job-1": [PLAIN]}, {})
    assert await ledger.left_open([entry_id]) == []


async def test_an_entry_of_an_older_gateway_is_adopted(
    url: str, ledger: Ledger, intend: Intend, engine_to: Callable[[str], Any]
) -> None:
    entry_id = await begun(ledger, intend())
    async with engine_to(url).begin() as connection:
        await connection.execute(text("UPDATE audit_entries SET instance = NULL"))
    assert await ledger.adopt_orphans() == [entry_id]


async def test_a_process_whose_connection_was_lost_is_seen_alive_again(
    postgres_url: str, opener: Opener, intend: Intend, engine_to: Callable[[str], Any]
) -> None:
    first, second = await opener(postgres_url), await opener(postgres_url)
    await begun(first, intend())
    async with engine_to(postgres_url).connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    for _ in range(100):
        await first.stay()
        if await second.adopt_orphans() == [] and first._presence._connection is not None:
            break
    await begun(first, intend())
    assert await second.adopt_orphans() == []


async def test_no_lock_files_stay_behind(tmp_path: Path, opener: Opener, intend: Intend) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    first = await opener(url)
    await begun(first, intend())
    (lock,) = locks(tmp_path)
    killed = lock.with_name("ledger.db-owner-0123456789abcdef")
    killed.touch()
    second = await opener(url)
    await begun(second, intend())
    assert not killed.exists()
    assert lock.exists()
    await first.aclose()
    await second.aclose()
    assert locks(tmp_path) == []
