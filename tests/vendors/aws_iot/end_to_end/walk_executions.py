"""Walk every execution of the one task of a backend through GraphQL, in a process of its own, and print its figures.

Arguments: the simulator's address, a folder for the ledger, how many executions there are. Prints one JSON object; the
peaks are this process's largest resident size so far, in KiB, after the first pages and at the end.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path
from time import perf_counter

import httpx

from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import gateway_settings, served

WARM_PAGES = 100
TASK = "{ tasks { nodes { id } } }"
PAGE = """query Page($id: ID!, $after: String) { executions(filter: { taskId: $id }, first: 250, after: $after) {
  nodes { id status device { name } } pageInfo { hasNextPage endCursor } backends { status error { message } } } }"""


def peak() -> int:
    """The largest resident size so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux's ru_maxrss begins with the size of the process that started this one.
        return int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def main(url: str, folder: str, total: int) -> None:
    """Walk."""
    section = {"name": "lab", "vendor": "aws-iot", "endpoint": url, **installed_vendors()["aws-iot"].demo_settings(url)}
    settings = gateway_settings(Path(folder), [section], {"timeout": "60s", "attempt_timeout": "30s"})
    seen = bytearray(total)
    figures = {"pages": 0, "rows": 0, "twice": 0, "warm_peak": 0}
    async with served(settings) as address, httpx.AsyncClient(timeout=60, trust_env=False) as client:

        async def ask(query: str, **variables: object) -> dict:
            answer = (await client.post(f"{address}/graphql", json={"query": query, "variables": variables})).json()
            assert "errors" not in answer, answer["errors"]
            return answer["data"]

        (task,) = (await ask(TASK))["tasks"]["nodes"]
        started = perf_counter()
        after = None
        while True:
            page = (await ask(PAGE, id=task["id"], after=after))["executions"]
            assert page["backends"] == [{"status": "OK", "error": None}], page["backends"]
            figures["pages"] += 1
            for node in page["nodes"]:
                place = int(node["device"]["name"][4:])
                figures["twice"] += seen[place]
                seen[place] = 1
                figures["rows"] += 1
            if figures["pages"] == WARM_PAGES:
                figures["warm_peak"] = peak()
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        figures["seconds"] = round(perf_counter() - started, 2)
    print(json.dumps({**figures, "seen": sum(seen), "peak": peak()}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
