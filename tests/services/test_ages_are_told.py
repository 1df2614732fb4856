"""`fetchedAt` is when the vendor was read, not when the answer was given."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

AGES = """query Ages($task: ID!, $package: ID!) {
  merged: tasks { ...who }
  filtered: tasks(filter: { text: "a" }) { ...who }
  streamed: tasks(first: 30, orderBy: { field: BACKEND }) { ...who }
  packages { backends { name status fetchedAt } }
  executions(filter: { taskId: $task }) { backends { name status fetchedAt } }
  package(id: $package) { usedBy { ...who } } }
fragment who on OtaTaskConnection { backends { name status fetchedAt } }"""


def ages(answer: dict[str, Any]) -> dict[tuple[str, str], datetime]:
    """When each backend was read for each list."""
    lists = {**answer, "package": answer["package"]["usedBy"]}
    return {
        (name, one["name"]): datetime.fromisoformat(one["fetchedAt"])
        for name, shown in lists.items()
        for one in shown["backends"]
        if one["status"] == "OK"
    }


async def first_of(gateway: SimulatedGateway) -> dict[str, str]:
    found = await gateway.ask("{ tasks(first: 50) { nodes { id package { id } } } }")
    task = next(one for one in found["tasks"]["nodes"] if one["package"])
    return {"task": task["id"], "package": task["package"]["id"]}


async def test_what_is_kept_tells_when_it_was_read_and_a_read_past_the_cache_is_younger(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, pace={"cache_ttl": "1h"}) as gateway:
        chosen = await first_of(gateway)
        first = ages(await gateway.ask(AGES, **chosen))
        assert len(first) > 3 * len(gateway.backends)
        asked = datetime.now(UTC)
        assert max(first.values()) <= asked
        assert ages(await gateway.ask(AGES, **chosen)) == first
        fresh = ages(await gateway.ask(AGES, {"Cache-Control": "no-cache"}, **chosen))
        assert set(fresh) == set(first)
        assert all(moment >= asked for moment in fresh.values())
