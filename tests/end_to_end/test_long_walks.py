"""Long lists: 2,500 tasks of every installed vendor, walked in the global order; only page 1 costs vendor calls."""

from datetime import datetime
from math import ceil
from pathlib import Path
from time import perf_counter

from tests.support.simulated_gateway import simulated_gateway

TASKS_EACH = 2500
FIRST = 100
# Beside full pages a vendor may answer one that is not full per kind of task, or per firmware.
LISTS_WITHIN_A_VENDOR = 60
PAGE = """query Page($after: String) { tasks(first: 100, after: $after) {
  nodes { id createdAt backend { name } } pageInfo { hasNextPage endCursor }
  backends { name status error { message } } } }"""


async def test_every_task_is_shown_once_in_the_global_order_and_only_page_one_calls_vendors(tmp_path: Path) -> None:
    fleet = {"tasks": TASKS_EACH, "devices_per_task": 1}
    # Pages later than the soft age would have the lists read again behind them.
    pace = {"timeout": "60s", "attempt_timeout": "30s", "calls_per_second": 5000, "cache_ttl": "1h"}
    async with simulated_gateway(tmp_path, fleet=fleet, pace=pace) as gateway:
        started = perf_counter()
        page = (await gateway.ask(PAGE))["tasks"]
        first_page = perf_counter() - started
        assert {one["status"] for one in page["backends"]} == {"OK"}, page["backends"]
        calls = {slug: backend.calls for slug, backend in gateway.backends.items()}
        rows = page["nodes"]
        pages = 1
        while page["pageInfo"]["hasNextPage"]:
            page = (await gateway.ask(PAGE, after=page["pageInfo"]["endCursor"]))["tasks"]
            assert len(page["nodes"]) <= FIRST
            rows += page["nodes"]
            pages += 1
        took = perf_counter() - started
        assert {slug: backend.calls for slug, backend in gateway.backends.items()} == calls

        minimum = {slug: ceil(TASKS_EACH / one.manifest.task_page_size) for slug, one in gateway.backends.items()}
        print(f"\n{len(rows)} tasks, {pages} pages; page 1 {first_page:.2f} s, all {took:.2f} s")  # noqa: T201 - figures
        for slug, made in calls.items():
            print(f"  {slug}: {made} calls, at least {minimum[slug]} by page size")  # noqa: T201 - figures
            assert minimum[slug] <= made <= minimum[slug] + LISTS_WITHIN_A_VENDOR

    assert pages == ceil(len(rows) / FIRST)
    assert len(rows) == len({row["id"] for row in rows}) == TASKS_EACH * len(calls)
    created = [datetime.fromisoformat(row["createdAt"]) for row in rows]
    assert created == sorted(created, reverse=True)
