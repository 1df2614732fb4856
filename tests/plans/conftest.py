"""Two worlds for each module: one that answers by plans, one by graphql-core, over one ledger with a past."""

import asyncio
import gc
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.ledger import Ledger
from gateway.plans import PlannedSchema
from gateway.schema.federation import FederatedSchema
from gateway.schema.root import build_schema
from tests.plans.answers import Pair, Tally
from tests.plans.known import Known, ids_of, known_of
from tests.plans.requests import Asked
from tests.plans.world import Ticking, World

_PAST = """mutation Past($t: ID!, $l: ID!, $p: ID!, $dead: ID!) {
  a: cancelOtaTask(input: {id: $t, reason: "the past", idempotencyKey: "past"}) { auditEntryId }
  b: deleteOtaTask(input: {id: $l, dryRun: true}) { auditEntryId }
  c: deleteOtaPackage(input: {id: $p, force: true}) { auditEntryId }
  d: cancelOtaTask(input: {id: $dead}) { auditEntryId }
  e: createOtaTask(input: {backend: "whole", targets: ["d0", "d1"], name: "rejected"}) { auditEntryId }
  f: updateOtaTask(input: {id: $t, description: "new"}) { auditEntryId }
  g: cancelDeviceUpgrade(input: {devices: {taskId: $t, deviceNames: ["d0", "d1", "nobody"]}}) { auditEntryId }
  h: createOtaTask(input: {backend: "bare", targets: ["d0"]}) { auditEntryId }
}"""

Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """What a test needs to ask both worlds: run coroutines, and know what there is."""

    runner: asyncio.Runner
    ledger: Ledger
    pair: Pair
    known: Known

    def __repr__(self) -> str:
        return "both worlds"


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all examples of a module: connections to the ledger belong to it.

    Nothing may be left to its handler of last resort, such as an error that nobody looked at.
    """
    unnoticed: list[dict[str, Any]] = []
    with asyncio.Runner() as running:
        running.get_loop().set_exception_handler(lambda _, context: unnoticed.append(context))
        yield running
        gc.collect()
    assert unnoticed == []


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of unexpected errors are provoked; their tracebacks are not what is looked at here."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def reference() -> FederatedSchema:
    """Answers by graphql-core."""
    return build_schema()


@pytest.fixture(scope="module")
def asking(
    runner: asyncio.Runner, reference: FederatedSchema, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asking]:
    """Both worlds, and what they hold. They share the ledger, which reading does not change."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    ledger = runner.run(Ledger.open(url, now=Ticking()))
    planned = PlannedSchema(build_schema())
    pair = Pair(
        World.over(PlannedSchema(reference, planning=False), ledger), World.over(planned, ledger), planned, Tally()
    )
    # A host name that was let in once takes a shorter way from then on.
    runner.run(pair.planned.client.post("/graphql", json={"query": "{ __typename }"}))
    known = runner.run(_with_a_past(pair.reference))
    yield Asking(runner, ledger, pair, known)
    for world in (pair.reference, pair.planned):
        runner.run(world.aclose())
    for open_ledger in {ledger, pair.reference.ledger, pair.planned.ledger}:
        runner.run(open_ledger.aclose())


async def _with_a_past(world: World) -> Known:
    tasks, packages = ids_of("tasks"), ids_of("packages")
    bygone = {"t": tasks[2], "l": tasks[9], "p": packages[0], "dead": ids_of("executions")[0]}
    answer = (await world.client.post("/graphql", json={"query": _PAST, "variables": bygone})).json()
    entries = [payload["auditEntryId"] for payload in answer["data"].values() if payload["auditEntryId"]]
    assert len(entries) > 5, answer
    await world.begin_anew()
    return await known_of(world, entries)


@pytest.fixture(scope="module")
def apart(
    asking: Asking, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Awaitable[None]]:
    """Puts both worlds in the same state, each with a ledger of its own: what one changes the other does not see."""
    folder = tmp_path_factory.mktemp("ledgers")
    empty = folder / "empty.db"

    async def make() -> None:
        await (await Ledger.open(f"sqlite+aiosqlite:///{empty}")).aclose()

    runner.run(make())

    async def begin_anew() -> None:
        for name, world in (("reference", asking.pair.reference), ("planned", asking.pair.planned)):
            if world.ledger is not asking.ledger:
                await world.ledger.aclose()
            await world.begin_anew(await _opened(empty, folder / f"{name}.db"))

    return begin_anew


async def _opened(empty: Path, own: Path) -> Ledger:
    shutil.copy(empty, own)
    return await Ledger.open(f"sqlite+aiosqlite:///{own}", migrate=False, now=Ticking())


@pytest.fixture
def ask(asking: Asking) -> Ask:
    """Ask both worlds anew, and give the answer that they agree on.

    Unless `whole` is False, the plan has to answer all of it.
    """

    def both(query: str, *, name: str | None = None, by_get: bool = False, whole: bool = True, **variables: Any) -> Any:
        async def compare() -> Any:
            await asking.pair.begin_anew()
            given = variables or None
            return await asking.pair.compare(
                Asked(query=query, variables=given, operation_name=name, by_get=by_get), counted=False
            )

        answer = asking.runner.run(compare())
        if whole and "data" in answer:
            assert asking.pair.schema.stepped_aside(query, name, variables) == []
        return answer

    return both


@pytest.fixture
def change(asking: Asking, apart: Callable[[], Awaitable[None]]) -> Ask:
    """As `ask`, for a mutation: each world has a ledger of its own."""

    def both(query: str, **variables: Any) -> Any:
        async def compare() -> Any:
            await apart()
            return await asking.pair.compare(Asked(query=query, variables=variables or None), counted=False)

        answer = asking.runner.run(compare())
        assert asking.pair.schema.stepped_aside(query, None, variables) == []
        return answer

    return both
