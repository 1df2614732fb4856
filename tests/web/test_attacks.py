"""Attacks on the gateway as it is served, once each; `make prove` repeats them and looks at the memory closely."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.support.attacked_gateway import attacked_gateway
from tests.support.attacks import attacks


def test_attacks_are_refused_in_time_and_others_are_answered_meanwhile(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chosen = attacks()
    assert len(chosen) > 130

    async def attack() -> None:
        found = await gateway.assault(chosen)
        assert found.failed == {}
        assert found.slow == {}
        assert found.health_failures == []
        slowest = " ".join(next(found.table()).split())
        record_property("figures", f"{len(chosen)} attacks: no 5xx, the slowest answer: {slowest}")

    with attacked_gateway(tmp_path) as gateway:
        asyncio.run(attack())
        assert "unexpected_error" not in gateway.log.read_text(encoding="utf-8")
