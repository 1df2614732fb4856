"""An export of tens of thousands of rows takes the memory of one of hundreds."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread
from tests.support.child_server import REPOSITORY

TASKS, FEW, MANY = 20, 30, 3_000


def export(folder: Path, devices: int) -> tuple[int, float, int]:
    """Rows, seconds, and the most memory that it took, in MiB."""
    (slug, manifest), *_ = installed_vendors().items()
    options = SimulatorOptions(tasks=TASKS, devices_per_task=devices, quotas=False, speed=0.0)
    with serving_in_thread(manifest.simulator(options)) as url:
        backend = {"name": "fleet", "vendor": slug, "endpoint": url, "calls_per_second": 10_000, "timeout": "30s"}
        config = {"backends": [{**manifest.demo_settings(url), **backend, "attempt_timeout": "30s"}]}
        (folder / "gateway.yaml").write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "gateway", "export", "executions", "--format", "csv", "--output", "all.csv"]
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
        most = 0
        # What the system counts for an ended child includes the process that it was forked from.
        while process.poll() is None:
            most = max(most, _most_memory(process.pid))
            time.sleep(0.02)
    assert process.returncode == 0
    with (folder / "all.csv").open() as lines:
        rows = sum(1 for _ in lines) - 1
    return rows, time.monotonic() - began, most


def _most_memory(process: int) -> int:
    """The most that a process has held so far, in MiB."""
    held = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    return 0 if held is None else int(held[1]) // 1024


@pytest.mark.timeout(300)
def test_an_export_of_tens_of_thousands_takes_the_memory_of_one_of_hundreds(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    few_rows, _, few = export(tmp_path, FEW)
    rows, seconds, memory = export(tmp_path, MANY)
    record_property("figures", f"export: {few_rows:,} rows in {few} MiB, {rows:,} in {memory} MiB and {seconds:.1f} s")
    assert rows > 50 * few_rows > 10_000
    assert few > 0
    assert memory < few + 16
