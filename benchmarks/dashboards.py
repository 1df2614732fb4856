"""A thousand dashboards that poll the same four lists: what they cost the vendors, and how long they wait."""

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.over_simulators import Client, Served, backend, served
from benchmarks.simulated import Simulation, simulated
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import Pace

NAME = "dashboards"

DASHBOARDS, SECONDS = 1000, 30
FEWER_DASHBOARDS, FEWER_SECONDS = 100, 5
TASKS = 12

_LIST = """  {alias}: tasks(filter: {{ backends: ["{backend}"] }}, first: 50) {{
    nodes {{ id name status vendorStatus createdAt updatedAt }} backends {{ name status }} }}"""
_OK = '"status":"OK"'
_PACKAGES = "query Packages($names: [String!]) { packages(filter: { backends: $names }, first: 1000) { nodes { id } } }"

# How many calls a vendor's documented API takes for the list of all its tasks, once, when they fit on one page of a
# kind: one call, but for Huawei one per upgrade type, and for Tuya the packages and then one call per package.
_UPGRADE_TYPES = 3


def measure(quick: bool) -> dict[str, Any]:
    """Poll, and count."""
    dashboards, seconds = (FEWER_DASHBOARDS, FEWER_SECONDS) if quick else (DASHBOARDS, SECONDS)
    simulations = [Simulation(vendor=slug, tasks=TASKS, quotas=True) for slug in installed_vendors()]
    with simulated(simulations) as vendors:
        places = zip(simulations, vendors.urls, strict=True)
        with served([backend(one.vendor, one, url) for one, url in places]) as gateway:
            before = gateway.cpu_seconds()
            answered = _polled(gateway, [one.vendor for one in simulations], dashboards, seconds)
            busy = gateway.cpu_seconds() - before
            calls = [sum(called.values()) for called in vendors.calls()]
            memory = gateway.peak_memory_mib()
            least = [_least_calls(one.vendor, gateway) for one in simulations]
    soft = Pace.model_validate({}).cache_ttl.total_seconds()
    reads = math.floor(answered["elapsed"] / soft) + 1
    return {
        "dashboards": dashboards,
        "seconds": seconds,
        "soft_ttl_seconds": soft,
        "reads": reads,
        "lists": [
            {"vendor": one.vendor, "calls": made, "least_calls_a_read": once, "least_calls": once * reads}
            for one, made, once in zip(simulations, calls, least, strict=True)
        ],
        **answered,
        "cpu_ms_an_answer": round(1000 * busy / max(1, answered["answers"]), 2),
        "peak_memory_mib": round(memory, 1),
    }


def _polled(gateway: Served, backends: Sequence[str], dashboards: int, seconds: int) -> dict[str, Any]:
    lists = [_LIST.format(alias=f"list{place}", backend=name) for place, name in enumerate(backends)]
    plan = {
        "port": gateway.port,
        "dashboards": dashboards,
        "seconds": seconds,
        "body": {"query": "query Dashboard {{\n{}\n}}".format("\n".join(lists))},
        "expected": [_OK, len(backends)],
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dashboard_clients"],
        input=json.dumps(plan) + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The dashboards broke down.\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    if not found["answers"]:
        raise RuntimeError(f"The dashboards got no answer: {found['examples']}")
    return found


def _least_calls(vendor: str, gateway: Served) -> int:
    match vendor:
        case "huawei-iotda":
            return _UPGRADE_TYPES
        case "tuya":
            with Client(gateway.url) as client:
                return 1 + len(client.ask(_PACKAGES, names=[vendor])["packages"]["nodes"])
    return 1


def markdown(content: dict[str, Any]) -> str:
    """What it cost, and how long it took."""
    rows = "\n".join(
        f"| {one['vendor']} | {one['calls']} | {one['least_calls_a_read']} | {one['least_calls']} |"
        f" {'yes' if one['calls'] <= one['least_calls'] else 'NO'} |"
        for one in content["lists"]
    )
    wrong = f"{content['wrong']}" + "".join(f"\n\n    {text!r}" for text in content["examples"])
    return f"""## A thousand dashboards

{content["dashboards"]:,} connections, each asking for the same four lists of {TASKS} tasks, one per simulated vendor,
every second for {content["seconds"]} s, evenly spread: {content["answers"]:,} answers of `serve` in its default
configuration. In {content["elapsed"]} s a list may be read {content["reads"]} times: once, and once per `cache_ttl` of
{content["soft_ttl_seconds"]:g} s. The minimum is what the vendor's documented API takes for that.

| list | vendor calls | minimum for one read | minimum | kept |
| --- | --- | --- | --- | --- |
{rows}

| | ms |
| --- | --- |
| p50 | {content["p50_ms"]} |
| p99 | {content["p99_ms"]} |
| longest, the first read among them | {content["most_ms"]} |

The gateway's process took {content["cpu_ms_an_answer"]} ms of a processor for an answer, and
{content["peak_memory_mib"]} MiB of memory at its peak. Answers that were wrong or missing: {wrong}
"""
