"""Gateways that are killed while they delete and cancel: a few of what `make prove` kills by the hundred."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.support.kill.judging import Verdict, judged
from tests.support.kill.lane import lane

KILLS = 4


async def test_every_change_at_a_vendor_has_one_closed_entry_and_none_is_done_twice(
    tmp_path: Path, postgres_url: str, record_property: Callable[[str, object], None]
) -> None:
    total = Verdict()

    async def one(place: int, url: str) -> None:
        async with lane(tmp_path / f"lane-{place}", url, place, tasks=18, devices=6) as running:
            await running.run(KILLS)
            total.add(await judged(running))

    await asyncio.gather(one(0, postgres_url), one(1, f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"))
    record_property("figures", str(total))
    assert total.breaches == []
    assert total.kills == 2 * KILLS
    assert total.at_vendors >= 2 * KILLS
