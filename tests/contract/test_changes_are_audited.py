"""Each change that a vendor has leaves an entry: who, what, where, of which objects, from what to what, and how."""

from pathlib import Path

import pytest

from tests.support.measured_calls import Measuring
from tests.support.simulated_gateway import simulated_gateway
from tests.support.vendor_tables import FLEET, TABLES, table_of

ENTRIES = """{ auditEntries(first: 100) { nodes { at closedAt state actor operation backend targets outcome before after
  vendorRequestIds errors { code } } } }"""


@pytest.mark.parametrize("slug", TABLES)
async def test_each_change_is_audited_whole(slug: str, tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, only=[slug], fleet=FLEET, pace={"cache_ttl": "0s"}) as gateway:
        costs = await Measuring(gateway, gateway.backends[slug], table_of(slug).draft).changes()
        entries = (await gateway.ask(ENTRIES))["auditEntries"]["nodes"]
    assert len(entries) == len(costs)
    assert len(costs) >= 3
    for entry in entries:
        assert entry["at"] <= entry["closedAt"]
        assert (entry["state"], entry["actor"], entry["backend"]) == ("CLOSED", "anonymous", f"lab-{slug}")
        assert entry["outcome"] in ("DONE", "REQUESTED"), entry
        assert entry["targets"]
        assert entry["vendorRequestIds"], entry
        assert entry["errors"] == []
        assert bool(entry["before"]) is (entry["operation"] != "CREATE_TASK"), entry
        # What was deleted left nothing, unless its vendor takes its time.
        assert entry["after"] or (entry["operation"].startswith("DELETE_") and entry["outcome"] == "DONE"), entry
