"""A million executions of one job, walked page by page: what a page costs at the end, and what the gateway holds."""

from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.over_simulators import Client, backend, served
from benchmarks.simulated import Simulation, simulated

NAME = "walk"

EXECUTIONS = 1_000_000
FEWER = 100_000
PAGE_SIZE = 250

_TASK = "{ tasks { nodes { id } } }"
_PAGE = """query Page($id: ID!, $after: String) { executions(filter: { taskId: $id }, first: 250, after: $after) {
  nodes { id status vendorStatus device { name } } pageInfo { hasNextPage endCursor }
  backends { status error { message } } } }"""


def measure(quick: bool) -> dict[str, Any]:
    """Walk once, from the first page to the last."""
    job = Simulation(vendor="aws-iot", tasks=1, devices_per_task=FEWER if quick else EXECUTIONS)
    with (
        simulated([job]) as vendor,
        # The account's budget of ten calls a second would be all that is measured.
        served([backend("fleet", job, vendor.urls[0])], calls_per_second=1_000_000, timeout="60s") as gateway,
        Client(gateway.url) as client,
    ):
        (task,) = client.ask(_TASK)["tasks"]["nodes"]
        resting = gateway.peak_memory_mib()
        before = gateway.cpu_seconds()
        rows, seconds = _walk(client, task["id"])
        busy = gateway.cpu_seconds() - before
        if rows != job.devices_per_task:
            raise RuntimeError(f"{rows} of {job.devices_per_task} executions were shown.")
        tenth = len(seconds) // 10
        first, last = median(seconds[:tenth]), median(seconds[-tenth:])
        return {
            "executions": rows,
            "page_size": PAGE_SIZE,
            "pages": len(seconds),
            "seconds": round(sum(seconds), 1),
            "calls": vendor.calls()[0]["ListJobExecutionsForJob"],
            "first_decile_ms": round(1000 * first, 2),
            "last_decile_ms": round(1000 * last, 2),
            "last_to_first": round(last / first, 3),
            "cpu_ms_a_page": round(1000 * busy / len(seconds), 2),
            "peak_memory_mib": round(gateway.peak_memory_mib(), 1),
            "peak_memory_before_mib": round(resting, 1),
        }


def _walk(client: Client, task: str) -> tuple[int, list[float]]:
    """How many executions there were, and how long each page took."""
    rows = 0
    seconds = []
    after = None
    while True:
        started = perf_counter()
        page = client.ask(_PAGE, id=task, after=after)["executions"]
        seconds.append(perf_counter() - started)
        rows += len(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return rows, seconds
        after = page["pageInfo"]["endCursor"]


def markdown(content: dict[str, Any]) -> str:
    """What the walk cost."""
    return f"""## A long walk

{content["executions"]:,} executions of one AWS IoT job, simulated in a process of its own, read through `serve` by one
client: {content["pages"]:,} pages of {content["page_size"]}, cursor by cursor, with `calls_per_second: 1000000`.

| | |
| --- | --- |
| whole walk | {content["seconds"]} s |
| vendor calls | {content["calls"]:,} |
| a page, median of the first tenth | {content["first_decile_ms"]} ms |
| a page, median of the last tenth | {content["last_decile_ms"]} ms ({content["last_to_first"]:.2f} x) |
| processor time of the gateway's process for a page | {content["cpu_ms_a_page"]} ms |
| peak memory of the gateway's process | {content["peak_memory_mib"]} MiB |
| the same before the walk | {content["peak_memory_before_mib"]} MiB |
"""
