"""Each operation costs each vendor the calls that its table says, and nothing while its answer is young."""

import re
from pathlib import Path

import pytest

from tests.support.call_table import OPERATIONS
from tests.support.measured_calls import Measuring
from tests.support.simulated_gateway import simulated_gateway
from tests.support.vendor_tables import FLEET, TABLES, TESTS, table_of


@pytest.mark.parametrize("slug", TABLES)
async def test_every_operation_costs_what_the_table_says(slug: str, tmp_path: Path) -> None:
    table = table_of(slug)
    assert set(table.CALLS) <= set(OPERATIONS)
    async with simulated_gateway(tmp_path, only=[slug], fleet=FLEET, pace={"cache_ttl": "0s"}) as gateway:
        costs = await Measuring(gateway, gateway.backends[slug], table.draft).all()
    told = {name: dict(calls.made) for name, calls in table.CALLS.items()}
    assert {name: calls for name, calls in costs.items() if calls} == told


@pytest.mark.parametrize("slug", TABLES)
async def test_a_read_costs_nothing_while_its_answer_is_young(slug: str, tmp_path: Path) -> None:
    table = table_of(slug)
    async with simulated_gateway(tmp_path, only=[slug], fleet=FLEET, pace={"cache_ttl": "1h"}) as gateway:
        costs = await Measuring(gateway, gateway.backends[slug], table.draft, again=True).reads()
    assert {name: calls for name, calls in costs.items() if calls} == {}
    assert len(costs) > 15


@pytest.mark.parametrize("slug", TABLES)
async def test_a_change_reads_what_it_is_decided_upon_whatever_is_kept(slug: str, tmp_path: Path) -> None:
    table = table_of(slug)
    async with simulated_gateway(tmp_path, only=[slug], fleet=FLEET, pace={"cache_ttl": "1h"}) as gateway:
        measuring = Measuring(gateway, gateway.backends[slug], table.draft)
        await measuring.reads()
        kept = set(measuring.costs)
        costs = await measuring.changes()
    told = {name: calls.made for name, calls in table.CALLS.items() if name not in kept}
    assert set(told) == set(costs) - kept
    for name, calls in told.items():
        # Lists that an earlier change touched may be read again meanwhile, behind the answers.
        assert all(costs[name].get(call, 0) >= count for call, count in calls.items()), (name, costs[name])


def test_no_operation_of_the_api_is_left_out() -> None:
    schema = (TESTS.parent / "schema.graphql").read_text(encoding="utf-8")
    told = " ".join(OPERATIONS.values())
    for kind in ("Query", "Mutation"):
        body = re.search(rf"^type {kind} {{\n(.*?)^}}", schema, re.DOTALL | re.MULTILINE)
        assert body is not None
        fields = set(re.findall(r"^  ([a-z]\w*)[(:]", body[1], re.MULTILINE)) - {"backend", "device", "auditEntry"}
        assert [name for name in fields if f"`{name}`" not in told] == []
