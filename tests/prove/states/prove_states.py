"""The state machine at its full size: thousands of runs, and a proof that it finds what it is there to find.

`pytest tests/prove/states/prove_states.py`. Every run is another; `STATES_SEED` repeats those of an earlier proof.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis_server import redis_server

ROOT = Path(__file__).parents[3]
RUNS, PROCESSES = 2000, 2
# What a careless hand might do to the code, and how many runs the machine is given to notice.
PLANTED = {
    "the generation is not compared": (
        "services/mutations/identity.py",
        "    if nameless or not same_generation(asked.generation, found.ref.generation):\n",
        "    if nameless:\n",
    ),
    "a fingerprint is not compared": (
        "services/mutations/identity.py",
        "    if expected_fingerprint is not None and not same_fingerprint(expected_fingerprint, found.fingerprint):\n",
        "    if expected_fingerprint == 'none':\n",
    ),
    "a native reference is taken for whatever stands there": (
        "services/mutations/deletions.py",
        "        deleted_before = await record.ledger.tombstones_at(key)\n",
        "        deleted_before = []\n",
    ),
    "nobody waits for their turn": (
        "services/mutations/one_at_a_time.py",
        "            if objects:\n                await self._take_turns(objects, entry_id)\n",
        "",
    ),
    "a lost answer is followed by a second call at once": (
        "services/mutations/destroying.py",
        "    if is_another(found, left):\n        changed = ",
        "    if left.status == 'never':\n        changed = ",
    ),
    "a dry run runs": (
        "services/mutations/destroying.py",
        "    if change.dry_run:\n",
        "    if change.dry_run and problem is not None:\n",
    ),
}


def machine(folder: Path, redis_url: str, runs: int, seed: int, *more: str) -> "subprocess.Popen[str]":
    """A process that runs the machine over the gateway in `folder`."""
    command = [sys.executable, "-m", "tests.support.states.running", "--runs", str(runs), "--seed", str(seed)]
    return subprocess.Popen(
        [*command, "--redis", redis_url, *more],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def told(process: "subprocess.Popen[str]") -> tuple[dict[str, Any], str]:
    """Its figures, and the way to what it found."""
    output, errors = process.communicate()
    assert output, errors
    figures: dict[str, Any] = json.loads(output.splitlines()[-1])
    return figures, errors


@pytest.mark.timeout(900)
def test_nothing_is_changed_that_no_caller_named(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    first = int(os.environ.get("STATES_SEED") or time.time())
    started = time.monotonic()
    with redis_server(tmp_path) as redis:
        running = [machine(ROOT, redis.url(), RUNS // PROCESSES, first + at) for at in range(PROCESSES)]
        found = [told(process) for process in running]
    figures: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    vendors: Counter[str] = Counter()
    for one, way in found:
        assert one["found"] is None, f"seed {first}: {one['found']}\n{way}"
        figures.update({name: one[name] for name in ("runs", "steps", "touches")})
        outcomes.update(one["mutations"])
        vendors.update(one["vendors"])
    assert figures["runs"] >= RUNS
    assert figures["touches"] > RUNS
    record_property(
        "figures",
        f"state machine: {figures['runs']} runs ({dict(vendors)}) of up to 50 steps, {figures['steps']} steps, "
        f"{outcomes.total()} mutations {dict(outcomes.most_common())}, {figures['touches']} objects changed at "
        f"vendors, 0 that nobody named; seed {first}, {time.monotonic() - started:.0f} s",
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    file, right, wrong = PLANTED[name]
    shutil.copytree(ROOT / "gateway", tmp_path / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    careless = tmp_path / "gateway" / file
    text = careless.read_text()
    assert text.count(right) == 1, f"{file} does not hold it once any more"
    careless.write_text(text.replace(right, wrong))
    with redis_server(tmp_path) as redis:
        figures, _ = told(machine(tmp_path, redis.url(), 400, 1, "--no-shrinking", "--only", "aws-iot"))
    assert figures["found"] is not None, f"not found in {figures['runs']} runs"
    record_property("figures", f"planted: {name}: found in run {figures['runs']}: {figures['found'][:60]}")
