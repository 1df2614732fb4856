"""Runs of the state machine, as many as are asked for, and what they came to.

`python -m tests.support.states.running --runs 1000 --seed 1 --redis URL` prints the figures as JSON, and what was found
where something is wrong.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import traceback
from dataclasses import fields
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.plans import PlannedSchema
from gateway.schema.root import build_schema
from tests.support.states.judge import Figures
from tests.support.states.machine import Bench, Machine
from tests.support.states.world import laboratory

_MEMORY = Path("/dev/shm")  # noqa: S108 - a ledger of minutes, whose power cuts nobody is afraid of


def run(
    figures: Figures,
    *,
    runs: int,
    steps: int,
    number: int,
    redis_url: str,
    shrink: bool = True,
    only: str | None = None,
) -> None:
    """Run it. Raises what was found wrong, reduced to the shortest way there if `shrink` says so."""
    wanted = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.normal,
    )
    loop = asyncio.new_event_loop()
    try:
        with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
            opened = laboratory(Path(folder), PlannedSchema(build_schema()), redis_url)
            bench = Bench(loop, loop.run_until_complete(opened.__aenter__()), figures)
            try:
                run_state_machine_as_test(seed(number)(lambda: Machine(bench, only)), settings=wanted)  # type: ignore[no-untyped-call]
            finally:
                loop.run_until_complete(opened.__aexit__(None, None, None))
    finally:
        loop.close()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--only")
    parser.add_argument("--no-shrinking", action="store_true")
    asked = parser.parse_args()
    figures = Figures()
    found = None
    try:
        run(
            figures, runs=asked.runs, steps=asked.steps, number=asked.seed, redis_url=asked.redis,
            shrink=not asked.no_shrinking, only=asked.only,
        )  # fmt: skip
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is what was looked for
        found = f"{type(problem).__name__}: {problem}"
        traceback.print_exception(problem)
    told = {one.name: getattr(figures, one.name) for one in fields(figures)}
    print(json.dumps(told | {"found": found}))  # noqa: T201 - what this is for
    return 0 if found is None else 1


if __name__ == "__main__":
    sys.exit(main())
