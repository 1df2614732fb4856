"""Many entities of a router's request are read together: from the list, and never one call each."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import SimulatedGateway, gateway_settings, served, simulated_gateway

TASKS = 60
ENTITIES = """query E($of: [_Any!]!) { _entities(representations: $of) {
  ... on OtaTask { id name status } ... on OtaPackage { id name } } }"""
BACKEND_ORDER = "{ tasks(first: 200, orderBy: {field: BACKEND}) { nodes { id name status } } }"


@pytest.fixture(params=sorted(installed_vendors()))
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=[request.param], fleet={"tasks": TASKS}) as served:
        yield served


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    """Over the vendor whose name comes first, where it does not depend on the vendor."""
    async with simulated_gateway(tmp_path, only=[min(installed_vendors())], fleet={"tasks": TASKS}) as served:
        yield served


def of_tasks(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"__typename": "OtaTask", "id": row["id"], "required": {"by": "another subgraph"}} for row in rows]


async def test_many_tasks_take_the_calls_of_their_list_and_duplicates_none(gateway: SimulatedGateway) -> None:
    rows = (await gateway.ask(BACKEND_ORDER))["tasks"]["nodes"]
    of_a_list = gateway.calls
    found = (await gateway.ask(ENTITIES, of=of_tasks([*rows, *rows])))["_entities"]
    assert [row["name"] for row in found] == [row["name"] for row in [*rows, *rows]]
    assert [row["status"] for row in found] == [row["status"] for row in [*rows, *rows]]
    assert len(rows) > 50
    assert gateway.calls - of_a_list <= of_a_list + 1 < 50
    # Kept, they cost nothing at all, under any alias.
    before = gateway.calls
    twice = "query E($of: [_Any!]!) { a: _entities(representations: $of) { ... on OtaTask { name } } "
    twice += "b: _entities(representations: $of) { ... on OtaTask { status } } }"
    again = await gateway.ask(twice, of=of_tasks(rows))
    assert [one["name"] for one in again["a"]] == [row["name"] for row in rows]
    assert [one["status"] for one in again["b"]] == [row["status"] for row in rows]
    assert gateway.calls == before


async def test_a_fresh_answer_is_made_of_a_list_read_anew(gateway: SimulatedGateway) -> None:
    rows = (await gateway.ask(BACKEND_ORDER))["tasks"]["nodes"]
    of_a_list = gateway.calls
    await gateway.ask(ENTITIES, of=of_tasks(rows))
    before = gateway.calls
    again = await gateway.ask(ENTITIES, {"cache-control": "no-cache"}, of=of_tasks(rows))
    assert [one["name"] for one in again["_entities"]] == [row["name"] for row in rows]
    assert 0 < gateway.calls - before <= of_a_list + 1


async def test_a_few_tasks_are_read_one_by_one_and_whole(one: SimulatedGateway) -> None:
    rows = (await one.ask(BACKEND_ORDER))["tasks"]["nodes"][:3]
    before = one.calls
    await one.ask(ENTITIES, of=of_tasks([*rows, *rows]))
    assert one.calls - before == len(rows)


@pytest.mark.parametrize("calls_per_second", [1000, 20])
async def test_a_list_that_takes_too_long_is_not_waited_for_where_the_budget_has_time_for_each(
    one: SimulatedGateway, tmp_path: Path, calls_per_second: int
) -> None:
    rows = (await one.ask(BACKEND_ORDER))["tasks"]["nodes"][:30]
    ((slug, backend),) = one.backends.items()
    for operation in list(backend.simulator.calls):
        backend.fail("delay", operation, seconds=1.3)
    pace = {"timeout": "1s", "calls_per_second": calls_per_second, "cache_ttl": "1s"}
    sections = [
        {"name": backend.name, "vendor": slug, "endpoint": backend.url, **backend.manifest.demo_settings(backend.url)}
    ]
    async with served(gateway_settings(tmp_path, sections, pace)) as url:
        slow = replace(one, url=url)
        answer = await slow.answer(ENTITIES, of=of_tasks(rows))
    names = [row and row["name"] for row in answer["data"]["_entities"]]
    assert names == ([row["name"] for row in rows] if calls_per_second > 30 else [None] * len(rows))


async def test_what_the_list_does_not_show_is_looked_for_by_itself(gateway: SimulatedGateway) -> None:
    rows = (await gateway.ask(BACKEND_ORDER))["tasks"]["nodes"]
    (backend,) = gateway.backends.values()
    listed = gateway.calls
    gone = await gateway.change("deleteOtaTask", id=rows[-1]["id"], force=True)
    before = gateway.calls
    found = (await gateway.ask(ENTITIES, of=of_tasks(rows)))["_entities"]
    assert [one["name"] for one in found if one][: len(rows) - 1] == [row["name"] for row in rows[:-1]]
    if gone["outcome"] == "DONE":
        assert found[-1] is None or found[-1]["status"] == "DELETED"
    assert gateway.calls - before <= listed + 2, backend.name


async def test_a_backend_that_cannot_be_read_fails_its_own_entities(one: SimulatedGateway) -> None:
    rows = (await one.ask(BACKEND_ORDER))["tasks"]["nodes"]
    (backend,) = one.backends.values()
    backend.fail("drop")
    answer = await one.answer(ENTITIES, of=[*of_tasks(rows), {"__typename": "OtaTask", "id": "nonsense"}])
    assert answer["data"]["_entities"] == [None] * (len(rows) + 1)
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    assert codes == ["BACKEND_UNAVAILABLE"] * len(rows) + ["BAD_USER_INPUT"]
    assert [error["path"] for error in answer["errors"]] == [["_entities", place] for place in range(len(rows) + 1)]


async def test_entities_count_towards_the_objects_of_a_request(one: SimulatedGateway) -> None:
    rows = (await one.ask(BACKEND_ORDER))["tasks"]["nodes"]
    wide = """query E($of: [_Any!]!) { _entities(representations: $of) {
      ... on OtaTask { executions(first: 1000) { nodes { id } } } } }"""
    before = one.calls
    answer = await one.answer(wide, of=of_tasks(rows))
    assert [error["extensions"]["limit"] for error in answer["errors"]] == ["objects"]
    many = await one.answer(ENTITIES, of=of_tasks(rows[:1]) * 1001)
    assert [error["extensions"]["limit"] for error in many["errors"]] == ["list_length"]
    assert one.calls == before
