"""`ota-gateway export`: every row of every backend, and a word about each that is missing."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.cli.export_columns import EXECUTION_COLUMNS, TASK_COLUMNS
from gateway.domain.ids import decode, encode
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
TASKS, DEVICES = 9, 4


class Fleets:
    """The simulated vendors, and a configuration over them: a backend each, named as its vendor's slug."""

    def __init__(self, urls: dict[str, str], faults: dict[str, FaultPlan]) -> None:
        self.urls = urls
        self.faults = faults

    def configured(self, folder: Path, **gone: Any) -> None:
        backends = []
        for slug, manifest in installed_vendors().items():
            url = self.urls[slug]
            members = {"name": slug, "vendor": slug, "endpoint": url, **manifest.demo_settings(url)}
            backends.append({**members, "calls_per_second": 1000, **gone.get(slug, {})})
        (folder / "gateway.yaml").write_text(yaml.safe_dump({"backends": backends}, sort_keys=False))


@pytest.fixture(scope="module")
def simulated() -> Iterator[Fleets]:
    with ExitStack() as running:
        urls, faults = {}, {}
        for slug, manifest in installed_vendors().items():
            faults[slug] = FaultPlan()
            options = SimulatorOptions(
                tasks=TASKS, devices_per_task=DEVICES, quotas=False, speed=0.0, faults=faults[slug]
            )
            urls[slug] = running.enter_context(serving_in_thread(manifest.simulator(options)))
        yield Fleets(urls, faults)


@pytest.fixture
def fleets(simulated: Fleets, tmp_path: Path) -> Fleets:
    """The same, configured, and without faults."""
    for plan in simulated.faults.values():
        plan.rules.clear()
    simulated.configured(tmp_path)
    return simulated


@pytest.fixture(scope="module")
def whole(simulated: Fleets, tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """All tasks, and all executions as a table in a file."""
    folder = tmp_path_factory.mktemp("whole")
    simulated.configured(folder)
    asked = {"tasks": [], "executions": ["--format", "csv", "--output", "executions.csv"]}
    done = {}
    for what, options in asked.items():
        command = [sys.executable, "-m", "gateway", "export", what, *options]
        done[what] = subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    done["executions"].stdout += (folder / "executions.csv").read_bytes().decode()
    return done


@pytest.fixture
def tasks(whole: dict[str, subprocess.CompletedProcess[str]]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in whole["tasks"].stdout.splitlines()]


@pytest.fixture
def executions(whole: dict[str, subprocess.CompletedProcess[str]]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(whole["executions"].stdout)))


def exported(run: Run, *arguments: str) -> list[dict[str, Any]]:
    done = run("export", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_task_of_every_backend_is_a_line_backend_after_backend(whole: Any, tasks: list[dict[str, Any]]) -> None:
    vendors = installed_vendors()
    assert (whole["tasks"].returncode, whole["tasks"].stderr) == (0, f"{len(tasks)} tasks of {len(vendors)} backends\n")
    assert list(tasks[0]) == list(TASK_COLUMNS)
    assert list(dict.fromkeys(row["backend"] for row in tasks)) == list(vendors)
    for slug, manifest in vendors.items():
        own = [row for row in tasks if row["backend"] == slug]
        assert len({row["id"] for row in own}) == len(own) >= TASKS
        assert {row["vendor"] for row in own} == {manifest.vendor}
    assert all(row["vendorStatus"] and row["observedAt"].endswith("+00:00") for row in tasks)
    # What a list does not carry is told apart from what a vendor does not say.
    assert all(row[column] is None for row in tasks for column in row["notListed"])
    assert any(row["notListed"] for row in tasks)


def test_every_execution_of_every_task_is_a_row_of_the_table(
    whole: Any, tasks: list[dict[str, Any]], executions: list[dict[str, str]]
) -> None:
    by_id = {row["id"]: row for row in tasks}
    told = f"{len(executions)} executions of {len(installed_vendors())} backends\n"
    assert (whole["executions"].returncode, whole["executions"].stderr) == (0, told)
    assert tuple(executions[0]) == EXECUTION_COLUMNS
    assert {row["taskId"] for row in executions} <= set(by_id)
    assert all(row["taskName"] == by_id[row["taskId"]]["name"] for row in executions)
    assert len({row["id"] for row in executions}) == len(executions) > TASKS * DEVICES
    assert all(row["deviceName"] and row["status"] and row["vendorStatus"] for row in executions)
    assert {row["backend"] for row in executions} == set(installed_vendors())


def test_only_what_is_asked_for_is_written(
    run: Run, fleets: Fleets, tasks: list[dict[str, Any]], executions: list[dict[str, str]], vendor: VendorManifest
) -> None:
    own = [row for row in tasks if row["backend"] == vendor.slug]
    status = own[0]["status"]
    narrowed = exported(run, "tasks", "--backend", vendor.slug, "--status", status)
    assert [row["id"] for row in narrowed] == [row["id"] for row in own if row["status"] == status]
    task, status = executions[0]["taskId"], executions[0]["status"]
    narrowed = exported(run, "executions", "--task", task, "--status", status)
    wanted = [row["id"] for row in executions if (row["taskId"], row["status"]) == (task, status)]
    assert sorted(row["id"] for row in narrowed) == sorted(wanted)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tasks", "--backend", "aws-itt"], "There is no backend aws-itt; "),
        (["tasks", "--status", "DONE"], "COMPLETED"),
        (["executions", "--status", "DONE"], "SUCCEEDED"),
        (["executions", "--task", "nonsense"], "--task nonsense"),
        (["executions", "--task", "x", "--backend", "y"], "not both"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    run: Run, fleets: Fleets, arguments: list[str], says: str
) -> None:
    done = run("export", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_where_one_backend_fails_the_rest_is_there_and_the_failure_is_told(
    run: Run, fleets: Fleets, tmp_path: Path, vendor: VendorManifest
) -> None:
    fleets.configured(tmp_path, **{vendor.slug: {"endpoint": "http://127.0.0.1:1", "retries": 0}})
    done = run("export", "tasks", "--output", "tasks.ndjson")
    rows = [json.loads(line) for line in (tmp_path / "tasks.ndjson").read_text().splitlines()]
    assert done.returncode == 3
    assert {row["backend"] for row in rows} == set(installed_vendors()) - {vendor.slug}
    assert f"Missing of {vendor.slug}: " in done.stderr
    assert done.stderr.endswith(f"{len(rows)} tasks of {len(installed_vendors())} backends, but not all\n")
    alone = run("export", "tasks", "--backend", vendor.slug, "--output", "none.ndjson")
    assert alone.returncode == 1
    assert f"Missing of {vendor.slug}: " in alone.stderr
    assert not list(tmp_path.glob("none*"))


def test_a_backend_that_is_away_for_a_moment_is_waited_for(
    run: Run, fleets: Fleets, tmp_path: Path, vendor: VendorManifest, executions: list[dict[str, str]]
) -> None:
    fleets.configured(tmp_path, **{vendor.slug: {"retries": 0}})
    fleets.faults[vendor.slug].rules.append(FaultRule(fault=FaultKind.ERROR, after=3, times=1))
    after = exported(run, "executions", "--backend", vendor.slug)
    assert [row["id"] for row in after] == [row["id"] for row in executions if row["backend"] == vendor.slug]


def test_a_task_that_is_gone_is_told_and_the_others_are_exported(
    run: Run, fleets: Fleets, executions: list[dict[str, str]]
) -> None:
    here = executions[0]["taskId"]
    gone = encode(replace(decode(here), generation="1"))
    done = run("export", "executions", "--task", gone, "--task", here)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert f"Task {gone}: There is no such task" in done.stderr
    assert {row["taskId"] for row in rows} == {here}


def test_on_a_terminal_bars_show_how_far_it_is_and_control_c_leaves_no_file(
    terminal: Callable[..., Any], fleets: Fleets, tmp_path: Path, vendor: VendorManifest
) -> None:
    with terminal("export", "executions", "--output", "all.csv", "--format", "csv") as seen:
        assert seen.end() == 0
    assert all(slug in seen.shown for slug in installed_vendors())
    assert " rows" in seen.shown
    (tmp_path / "all.csv").unlink()
    fleets.configured(tmp_path, **{vendor.slug: {"timeout": "60s", "attempt_timeout": "60s"}})
    fleets.faults[vendor.slug].rules.append(FaultRule(fault=FaultKind.DELAY, seconds=1.0))
    with terminal("export", "tasks", "--output", "all.csv") as seen:
        seen.until(vendor.slug)
        seen.process.send_signal(signal.SIGINT)
        assert seen.end() == 130
    assert "Traceback" not in seen.shown
    assert not list(tmp_path.glob("all.csv*"))


def test_bars_and_rows_do_not_share_a_terminal(
    terminal: Callable[..., Any], fleets: Fleets, vendor: VendorManifest
) -> None:
    with terminal("export", "tasks", "--backend", vendor.slug) as seen:
        assert seen.end() == 0
    assert '{"id": ' in seen.shown
    assert "\x1b" not in seen.shown


def test_whoever_stops_reading_is_not_answered_with_a_traceback(fleets: Fleets, tmp_path: Path) -> None:
    command = f"{sys.executable} -m gateway export executions --config {tmp_path}/gateway.yaml | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
