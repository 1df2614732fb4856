"""Every attack, many times over, on a gateway as it is served: no 5xx, no slow answer, and its memory given back."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from statistics import mean

from tests.support.attacked_gateway import LONGEST_SECONDS, MOST_GROWTH, attacked_gateway
from tests.support.attacks import attacks

_WARMING = 6
_ROUNDS = 12


def test_attacks_are_answered_at_once_and_leave_nothing_behind(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chosen = attacks()
    assert len(chosen) > 130

    async def attack() -> None:
        fresh = gateway.megabytes
        settled = []
        slowest: dict[str, float] = {}
        health = 0.0
        found = None
        for _ in range(_WARMING + _ROUNDS):
            found = await gateway.assault(chosen)
            assert found.failed == {}
            assert found.health_failures == []
            assert found.slow == {}
            for name, one in found.outcomes.items():
                slowest[name] = max(slowest.get(name, 0.0), one.seconds)
            health = max(health, found.slowest_health)
            settled.append(await gateway.settled())
        assert found is not None
        for line in found.table():
            record_property("figures", line)
        worst = max(slowest, key=lambda name: slowest[name])
        before, after = mean(settled[_WARMING - 2 : _WARMING]), mean(settled[-2:])
        record_property(
            "figures",
            f"{len(chosen)} attacks, {_WARMING + _ROUNDS} rounds: 0 answers of 5xx, the slowest {worst!r} in "
            f"{slowest[worst] * 1000:.0f} ms, somebody else's query meanwhile in {health * 1000:.0f} ms at most; "
            f"memory {fresh:.0f} MB fresh, {before:.0f} MB after {_WARMING} rounds, {after:.0f} MB after all",
        )
        assert health < LONGEST_SECONDS
        assert after < before * (1 + MOST_GROWTH), settled

    with attacked_gateway(tmp_path) as gateway:
        asyncio.run(attack())
        assert "unexpected_error" not in gateway.log.read_text(encoding="utf-8")
