"""200,000 executions of one job: each page costs one vendor call, and memory does not grow with the list."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("walk_executions.py")
EXECUTIONS = 200_000
PAGE_SIZE = 250
# What an allocator may take on top once the cache is as full as it gets.
GROWTH_KIB = 30 * 1024
MOST_KIB = 250 * 1024


def test_two_hundred_thousand_executions_cost_one_call_a_page_and_constant_memory(tmp_path: Path) -> None:
    options = SimulatorOptions(tasks=1, devices_per_task=EXECUTIONS, quotas=False, speed=0.0)
    simulator = installed_vendors()["aws-iot"].simulator(options)
    with serving_in_thread(simulator) as url:
        result = subprocess.run(
            [sys.executable, str(SCRIPT), url, str(tmp_path), str(EXECUTIONS)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout.splitlines()[-1])
    print(  # noqa: T201 - figures
        f"\n{figures['rows']} executions, {figures['pages']} pages, {figures['seconds']} s; peak "
        f"{figures['warm_peak'] // 1024} MiB after 100 pages, {figures['peak'] // 1024} MiB at the end; "
        f"calls {dict(simulator.calls)}"
    )
    assert (figures["rows"], figures["seen"], figures["twice"]) == (EXECUTIONS, EXECUTIONS, 0)
    assert figures["pages"] in {EXECUTIONS // PAGE_SIZE, EXECUTIONS // PAGE_SIZE + 1}
    assert simulator.calls["ListJobExecutionsForJob"] == EXECUTIONS // PAGE_SIZE
    assert sum(simulator.calls.values()) <= EXECUTIONS // PAGE_SIZE + 5
    assert figures["peak"] - figures["warm_peak"] < GROWTH_KIB
    assert figures["peak"] < MOST_KIB
