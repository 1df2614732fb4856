"""One list over all vendors: its orders, its pages, and its cursors."""

from datetime import datetime
from typing import Any

import pytest

from gateway.domain.operations import Operation, Support
from tests.support.simulated_gateway import SimulatedGateway

TASKS = """query Tasks($first: Int! = 25, $after: String, $order: OtaTaskOrder, $filter: OtaTaskFilter) {
  list: tasks(first: $first, after: $after, orderBy: $order, filter: $filter) {
    nodes { id name createdAt backend { name } } backends { name status error { code } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } } }"""
PACKAGES = """query Packages($first: Int! = 25, $after: String, $order: OtaPackageOrder) {
  list: packages(first: $first, after: $after, orderBy: $order) {
    nodes { id name createdAt backend { name } } backends { name status error { code } }
    pageInfo { hasNextPage endCursor } } }"""


async def walk(gateway: SimulatedGateway, query: str, first: int, **variables: Any) -> list[dict[str, Any]]:
    """All rows, page by page."""
    rows: list[dict[str, Any]] = []
    after = None
    for _ in range(200):
        page = (await gateway.ask(query, first=first, after=after, **variables))["list"]
        assert len(page["nodes"]) <= first
        assert all(result["status"] in {"OK", "SKIPPED"} for result in page["backends"])
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]
    raise AssertionError("the walk does not end")


def place(row: dict[str, Any]) -> tuple[bool, float, str]:
    """Where a row stands in CREATED_AT, DESC: nulls last, ties by id."""
    created = row["createdAt"]
    return (
        (True, 0.0, row["id"]) if created is None else (False, -datetime.fromisoformat(created).timestamp(), row["id"])
    )


async def test_tasks_of_all_vendors_come_newest_first_whatever_the_page_size(gateway: SimulatedGateway) -> None:
    whole = (await gateway.ask(TASKS, first=1000))["list"]
    assert len(whole["nodes"]) == 12 * len(gateway.backends)
    assert whole["nodes"] == sorted(whole["nodes"], key=place)
    assert [result["name"] for result in whole["backends"]] == [one.name for one in gateway.backends.values()]
    # The fleets interleave, so the order cannot be one vendor after another.
    newest = [row["backend"]["name"] for row in whole["nodes"][: len(gateway.backends)]]
    assert sorted(newest) == sorted(one.name for one in gateway.backends.values())
    for first in (1, 7, 12):
        assert await walk(gateway, TASKS, first) == whole["nodes"]


async def test_packages_of_all_vendors_come_newest_first(gateway: SimulatedGateway) -> None:
    whole = (await gateway.ask(PACKAGES, first=1000))["list"]["nodes"]
    assert whole == sorted(whole, key=place)
    listing = {
        one.name
        for one in gateway.backends.values()
        for capability in one.manifest.capabilities
        if capability.operation is Operation.LIST_PACKAGES and capability.support is not Support.NONE
    }
    assert {row["backend"]["name"] for row in whole} == listing
    assert await walk(gateway, PACKAGES, 4) == whole


@pytest.mark.parametrize(("query", "field"), [(TASKS, "NAME"), (TASKS, "UPDATED_AT"), (PACKAGES, "NAME")])
async def test_other_orders_hold_everything_once_both_ways(gateway: SimulatedGateway, query: str, field: str) -> None:
    upwards = await walk(gateway, query, 9, order={"field": field, "direction": "ASC"})
    downwards = await walk(gateway, query, 9, order={"field": field, "direction": "DESC"})
    everything = {row["id"] for row in (await gateway.ask(query, first=1000))["list"]["nodes"]}
    for rows in (upwards, downwards):
        assert len(rows) == len(everything)
        assert {row["id"] for row in rows} == everything
    if field == "NAME":
        names = [row["name"].casefold() for row in upwards]
        assert names == sorted(names)
        assert [row["name"].casefold() for row in downwards] == names[::-1]


@pytest.mark.parametrize("query", [TASKS, PACKAGES])
@pytest.mark.parametrize("first", [1, 5, 13, 1000])
async def test_the_order_backend_shows_everything_once_one_backend_after_another(
    gateway: SimulatedGateway, query: str, first: int
) -> None:
    rows = await walk(gateway, query, first, order={"field": "BACKEND"})
    everything = {row["id"] for row in (await gateway.ask(query, first=1000))["list"]["nodes"]}
    assert len(rows) == len(everything)
    assert {row["id"] for row in rows} == everything
    names = [row["backend"]["name"] for row in rows]
    assert names == sorted(names, key=[one.name for one in gateway.backends.values()].index)


async def test_a_cursor_continues_only_the_list_it_came_from_unaltered(gateway: SimulatedGateway) -> None:
    page = (await gateway.ask(TASKS, first=3))["list"]
    cursor = page["pageInfo"]["endCursor"]
    assert cursor == page["edges"][-1]["cursor"]
    before = gateway.calls
    for altered in (cursor[:-1], cursor[1:], f"{cursor}A", f"A{cursor}", "", "not a cursor", "ü", cursor * 3000):
        assert await gateway.error_codes(TASKS, after=altered) == ["BAD_USER_INPUT"], altered[:40]
    flipped = ("B" if cursor[20] != "B" else "C").join((cursor[:20], cursor[21:]))
    assert await gateway.error_codes(TASKS, after=flipped) == ["BAD_USER_INPUT"]
    name = page["nodes"][0]["backend"]["name"]
    for variables in (
        {"filter": {"backends": [name]}},
        {"filter": {"status": ["IN_PROGRESS"]}},
        {"filter": {"text": "x"}},
        {"order": {"field": "CREATED_AT", "direction": "ASC"}},
        {"order": {"field": "NAME"}},
        {"order": {"field": "BACKEND"}},
    ):
        assert await gateway.error_codes(TASKS, after=cursor, **variables) == ["BAD_USER_INPUT"], variables
    assert await gateway.error_codes(PACKAGES, after=cursor) == ["BAD_USER_INPUT"]
    assert gateway.calls == before
    assert (await gateway.ask(TASKS, after=cursor, order={"field": "CREATED_AT", "direction": "DESC"}))["list"]["nodes"]


async def test_a_cursor_of_the_order_backend_is_refused_in_another_order(gateway: SimulatedGateway) -> None:
    page = (await gateway.ask(TASKS, first=3, order={"field": "BACKEND"}))["list"]
    assert await gateway.error_codes(TASKS, after=page["pageInfo"]["endCursor"]) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("first", [0, -1, 1001, 2000])
@pytest.mark.parametrize("query", [TASKS, PACKAGES])
async def test_a_page_size_out_of_range_is_bad_user_input(gateway: SimulatedGateway, query: str, first: int) -> None:
    assert await gateway.error_codes(query, first=first) == ["BAD_USER_INPUT"]
    assert gateway.calls == 0


@pytest.mark.parametrize("query", [TASKS, PACKAGES])
async def test_an_absurd_page_size_is_beyond_a_limit(gateway: SimulatedGateway, query: str) -> None:
    assert await gateway.error_codes(query, first=2147483647) == ["LIMIT_EXCEEDED"]
    assert gateway.calls == 0


async def test_filters_name_backends_vendors_and_times(gateway: SimulatedGateway) -> None:
    whole = (await gateway.ask(TASKS, first=1000))["list"]["nodes"]
    for backend in gateway.backends.values():
        for chosen in ({"backends": [backend.name]}, {"vendors": [backend.manifest.vendor]}):
            rows = (await gateway.ask(TASKS, first=1000, filter=chosen))["list"]
            assert rows["nodes"] == [row for row in whole if row["backend"]["name"] == backend.name]
            assert [result["name"] for result in rows["backends"]] == [backend.name]
    moment = whole[10]["createdAt"]
    older = (await gateway.ask(TASKS, first=1000, filter={"createdBefore": moment}))["list"]["nodes"]
    newer = (await gateway.ask(TASKS, first=1000, filter={"createdAfter": moment}))["list"]["nodes"]
    assert older == whole[11:]
    assert newer == whole[:10]
    assert await gateway.error_codes(TASKS, filter={"backends": ["nowhere"]}) == ["BAD_USER_INPUT"]
    turned = {"createdAfter": whole[0]["createdAt"], "createdBefore": whole[5]["createdAt"]}
    assert await gateway.error_codes(TASKS, filter=turned) == ["BAD_USER_INPUT"]
