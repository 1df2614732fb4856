"""At least 200 gateways, killed at random moments while they delete and cancel, over SQLite and over PostgreSQL."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.kill.judging import Verdict, judged
from tests.support.kill.lane import lane
from tests.support.postgres_server import postgres_server

KILLS = 52
# Between the closing and the answer there is next to no time to be killed in.
PHASES = {"before the intent", "before the call", "on the way to the vendor", "in or after the call"}


@pytest.mark.timeout(900)
def test_every_change_at_a_vendor_has_one_closed_entry_and_none_is_done_twice(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with postgres_server() as server:
        total = asyncio.run(_all_lanes(tmp_path, [asyncio.run(server.new_database()) for _ in range(2)]))
    record_property("figures", str(total))
    assert total.breaches == []
    assert total.kills >= 200
    assert total.at_vendors >= 200
    assert set(total.phases) >= PHASES
    assert set(total.changes) >= {
        "deleteOtaTask", "deleteOtaPackage", "deleteJobExecution", "cancelOtaTask", "cancelDeviceUpgrade",
        "cancelDeviceUpgrade (bulk)",
    }  # fmt: skip


async def _all_lanes(folder: Path, databases: list[str]) -> Verdict:
    urls = [*databases, *(f"sqlite+aiosqlite:///{folder / f'ledger-{number}.db'}" for number in range(2))]
    total = Verdict()

    async def one(place: int, url: str) -> None:
        async with lane(folder / f"lane-{place}", url, place, tasks=60, devices=12) as running:
            await running.run(KILLS)
            total.add(await judged(running))

    await asyncio.gather(*(one(place, url) for place, url in enumerate(urls)))
    return total
