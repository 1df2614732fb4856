"""The state machine: two replicas over one vendor, callers, other people, devices, faults and time, in any order."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from gateway.vendorkit.simulation.faults import FaultKind
from tests.support.simulated_gateway import CHANGES
from tests.support.states.beings import CHANGE, EXECUTION, PACKAGE, TASK, milliseconds
from tests.support.states.judge import Figures, Judge
from tests.support.states.wishes import PICKS, Asked, Book, Wish, wishes
from tests.support.states.world import Hold, Laboratory, World, watched_vendors

_TASKS = "{ tasks(first: 50) { nodes { id nativeId createdAt fingerprint } } }"
_TASKS_AS_THEY_COME = "{ tasks(first: 50, orderBy: {field: BACKEND}) { nodes { id nativeId createdAt fingerprint } } }"
_PACKAGES = "{ packages(first: 50) { nodes { id nativeId createdAt fingerprint } } }"
_EXECUTIONS = """query ($id: ID!) { task(id: $id) { id nativeId createdAt fingerprint executions(first: 50) {
  nodes { id fingerprint attempt queuedAt device { name } } } } }"""
_NODE = """query ($id: ID!) { node(id: $id) { __typename ... on OtaTask { id nativeId createdAt fingerprint }
  ... on OtaPackage { id nativeId createdAt fingerprint } } }"""
_DEEDS = ("report", "cancel_execution", "delete_execution", "reborn", "delete_task", "create_task", "cancel_task")
_FAULTS = (FaultKind.THROTTLE, FaultKind.ERROR, FaultKind.HTML, FaultKind.CUT, FaultKind.DROP, FaultKind.ANSWER_LOST)
_MEETING = ("delete_execution", "delete_native", "cancel_executions")
_REPLICA = st.integers(0, 1)

Result = TypeVar("Result")


@dataclass(slots=True)
class Bench:
    """What all runs of a machine share: the loop they run in, the laboratory, and the figures."""

    loop: asyncio.AbstractEventLoop
    laboratory: Laboratory
    figures: Figures

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run it to its end."""
        return self.loop.run_until_complete(work)


class Machine(RuleBasedStateMachine):
    """One run."""

    def __init__(self, bench: Bench, only: str | None = None) -> None:
        super().__init__()
        self._bench = bench
        self._only = only
        self._world: World | None = None

    @initialize(
        vendor=st.integers(0, 9), shared=st.integers(0, 7), cache_ttl=st.sampled_from(("60s", "60s", "0s")),
    )  # fmt: skip
    def begin(self, vendor: int, shared: int, cache_ttl: str) -> None:
        """AWS IoT alone reuses ids and numbers, so it has most of the runs."""
        vendors = watched_vendors()
        slug = self._only or (vendors[vendor] if vendor < len(vendors) else vendors[0])
        self._world = World(self._bench.laboratory, slug, shared=shared == 7, cache_ttl=cache_ttl)
        self._book = Book(self._world.fleet, self._world.name, self._world.supported())
        self._judge = Judge(self._world, self._bench.figures, self._book.deleted)
        self._sent: list[Asked] = []
        self._bench.figures.runs += 1
        self._bench.figures.vendors[slug] += 1
        self.read_tasks(replica=0, fresh=False, streamed=False)

    @property
    def world(self) -> World:
        """The world of this run."""
        assert self._world is not None
        return self._world

    # ------------------------------------------------------------------ reading

    @rule(replica=_REPLICA, fresh=st.booleans(), streamed=st.booleans())
    def read_tasks(self, replica: int, fresh: bool, streamed: bool) -> None:
        answer = self._ask(replica, _TASKS_AS_THEY_COME if streamed else _TASKS, fresh=fresh)
        for row in answer["tasks"]["nodes"]:
            self._saw(TASK, row)

    @rule(replica=_REPLICA, pick=PICKS, fresh=st.booleans())
    def read_executions(self, replica: int, pick: int, fresh: bool) -> None:
        ids = self._book.ids(TASK)
        task = self._ask(replica, _EXECUTIONS, fresh=fresh, id=ids[pick % len(ids)])["task"] if ids else None
        if task is None:
            return
        self._saw(TASK, task)
        for row in (task["executions"] or {"nodes": ()})["nodes"]:
            shown: tuple[object, ...] = (task["nativeId"], row["device"]["name"])
            if self.world.fleet.numbered:
                shown = (*shown, row["attempt"], _milliseconds(row["queuedAt"]))
            self._book.saw(row["id"], row["fingerprint"], EXECUTION, shown)

    @rule(replica=_REPLICA, fresh=st.booleans())
    def read_packages(self, replica: int, fresh: bool) -> None:
        for row in self._ask(replica, _PACKAGES, fresh=fresh)["packages"]["nodes"]:
            self._saw(PACKAGE, row)

    @rule(replica=_REPLICA, pick=PICKS, kind=st.sampled_from((TASK, PACKAGE)), fresh=st.booleans())
    def read_one(self, replica: int, pick: int, kind: str, fresh: bool) -> None:
        ids = self._book.ids(kind)
        row = self._ask(replica, _NODE, fresh=fresh, id=ids[pick % len(ids)])["node"] if ids else None
        if row is not None:
            self._saw(kind, row)

    # ------------------------------------------------------------------ changing

    @rule(replica=_REPLICA, wish=wishes())
    def change(self, replica: int, wish: Wish) -> None:
        self._step()
        asked = self._book.asked(wish)
        if asked is not None:
            self._bench.run(self._alone(replica, asked))

    @rule(replica=_REPLICA, pick=PICKS)
    def repeat(self, replica: int, pick: int) -> None:
        """The same again, under the same key if it had one, perhaps to the other replica."""
        self._step()
        if self._sent:
            first = self._sent[-1 - pick % len(self._sent)]
            self._bench.run(self._alone(replica, Asked(first.wish, first.mutation, first.input, *self._again(first))))

    @rule(replica=_REPLICA, same=st.booleans(), one=wishes(), other=wishes(), calls=st.integers(1, 5))
    def change_at_once(self, replica: int, same: bool, one: Wish, other: Wish, calls: int) -> None:
        """Two changes: the second is carried out while the first is about to make one of its calls."""
        self._step()
        first, second = self._book.asked(one), self._book.asked(other)
        if first is not None and second is not None:
            self._bench.run(self._together(replica, first, replica if same else 1 - replica, second, calls))

    @rule(replica=_REPLICA, wish=wishes(), calls=st.integers(1, 5))
    def change_twice_at_once(self, replica: int, wish: Wish, calls: int) -> None:
        """One change on both replicas at once, under one key if it has one."""
        self._step()
        first, second = self._book.asked(wish), self._book.asked(wish)
        if first is not None and second is not None:
            self._bench.run(self._together(replica, first, 1 - replica, second, calls))

    @rule(
        replica=_REPLICA, same=st.booleans(), one=st.sampled_from(_MEETING), other=st.sampled_from(_MEETING),
        pick=PICKS, calls=st.integers(1, 3),
    )  # fmt: skip
    def two_meet_at_one_that_is_reborn(
        self, replica: int, same: bool, one: str, other: str, pick: int, calls: int
    ) -> None:
        """Two changes of one execution at once, the first deletion of which makes room for another."""
        self.what_is_deleted_next_will_be_reborn()
        wished = [Wish(what=what, pick=pick, other=pick, force=True) for what in (one, other)]
        self.change_at_once(replica=replica, same=same, one=wished[0], other=wished[1], calls=calls)

    # ------------------------------------------------------------------ all that others do

    @rule(what=st.sampled_from((*_DEEDS, "report", "report", "package")), pick=PICKS)
    def somebody_else(self, what: str, pick: int) -> None:
        self._step()
        self.world.clock.pass_by(0.002)
        self.world.fleet.deed(what, pick)
        self.world.fleet.settle()

    @rule(kind=st.sampled_from(_FAULTS), after=st.integers(0, 3))
    def a_call_will_fail(self, kind: FaultKind, after: int) -> None:
        self._step()
        self.world.fail(kind, after=after)

    @rule()
    def the_answer_of_a_write_will_be_lost(self) -> None:
        self._step()
        self.world.wire.lose_next_write = True

    @rule()
    def what_is_deleted_next_will_be_reborn(self) -> None:
        self._step()
        self.world.fail(FaultKind.REBORN, operation="DeleteJobExecution")

    @rule(replica=_REPLICA)
    def restart(self, replica: int) -> None:
        self._step()
        self._bench.run(self.world.restart(replica))

    @rule(seconds=st.sampled_from((0.4, 1.0, 3.0)))
    def time_passes(self, seconds: float) -> None:
        self._step()
        self.world.clock.pass_by(seconds)
        self.world.fleet.settle()

    def teardown(self) -> None:
        if self._world is not None:
            self._bench.run(self._world.aclose())

    # ------------------------------------------------------------------ how

    def _step(self) -> None:
        self._bench.figures.steps += 1

    def _ask(self, replica: int, query: str, *, fresh: bool, **variables: str) -> dict[str, Any]:
        self._step()
        return self._bench.run(self.world.ask(replica, query, variables, fresh=fresh))

    def _saw(self, kind: str, row: dict[str, Any]) -> None:
        shown: tuple[object, ...] = (row["nativeId"],)
        if self.world.fleet.numbered:
            shown = (*shown, _milliseconds(row["createdAt"]))
        self._book.saw(row["id"], row["fingerprint"], kind, shown)

    def _again(self, first: Asked) -> tuple[Any, Any]:
        again = self._book.asked(first.wish) if first.wish.what == "delete_native" else None
        named = first.named if again is None or again.input != first.input else again.named
        return named, first.targets

    async def _alone(self, replica: int, asked: Asked) -> None:
        answer = await self._send(replica, asked)
        await self._judge.look(asked, answer, 1 - replica)

    async def _together(self, replica: int, first: Asked, other: int, second: Asked, calls: int) -> None:
        hold = Hold(calls)
        one = asyncio.create_task(self._send(replica, first, hold))
        await asyncio.wait({one, asyncio.ensure_future(hold.reached.wait())}, return_when=asyncio.FIRST_COMPLETED)
        two = asyncio.create_task(self._send(other, second))
        two.add_done_callback(lambda _: hold.release.set())
        answers = await asyncio.gather(one, two)
        hold.reached.set()
        for asked in (first, second):
            self._judge.touched(asked)
        for asked, answer in sorted(zip((first, second), answers, strict=True), key=lambda pair: _replayed(*pair)):
            await self._judge.look(asked, answer, replica)

    async def _send(self, replica: int, asked: Asked, hold: Hold | None = None) -> dict[str, Any]:
        self.world.changes += 1
        asked.number = self.world.changes
        CHANGE.set(asked.number)
        if hold is not None:
            self.world.wire.holds[asked.number] = hold
        self._sent.append(asked)
        bulk = asked.mutation == "cancelDeviceUpgrade"
        query = (
            f"mutation Change($input: {CHANGES[asked.mutation]}!) {{ change: {asked.mutation}(input: $input) {{"
            f" {'results { target outcome }' if bulk else 'outcome'} auditEntryId errors {{ code message }} }} }}"
        )
        answer = await self.world.ask(replica, query, {"input": asked.input})
        change: dict[str, Any] = answer["change"]
        return change


def _replayed(asked: Asked, answer: dict[str, Any]) -> int:
    """Of two that were answered alike, the one whose change it was is looked at first."""
    return 0


def _milliseconds(text: str | datetime | None) -> int | None:
    if text is None:
        return None
    moment = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return milliseconds(moment.timestamp())
