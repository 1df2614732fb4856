"""Watching: the present state of each object, then every change of it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from time import monotonic, time
from typing import Any, Final, TypeVar

from gateway.backends.changes import Outcome
from gateway.backends.rate_limit import CallBudget
from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.observability.metrics import WATCH_EVENTS, WATCHERS
from gateway.services.caller import Caller
from gateway.services.executions import ExecutionReads
from gateway.services.seen_backends import SeenBackends
from gateway.services.tasks import TaskReads
from gateway.services.watching.listener import Listener
from gateway.services.watching.looks import ExecutionsLook, TaskLook
from gateway.services.watching.pace import Rhythm, WatchPace
from gateway.services.watching.sightings import Sightings
from gateway.services.watching.turns import Turns
from gateway.services.watching.watch import Identified, Watch

Seen = TypeVar("Seen", bound=Identified)

_ENDED: Final = frozenset(
    {
        TaskStatus.COMPLETED,
        TaskStatus.CANCELED,
        TaskStatus.FAILED,
        TaskStatus.REJECTED,
        TaskStatus.SUPERSEDED,
        TaskStatus.DELETED,
    }
)
_TASK: Final = "task"
_EXECUTIONS: Final = "executions"
_TASK_EVENTS: Final = WATCH_EVENTS.labels(_TASK)
_EXECUTION_EVENTS: Final = WATCH_EVENTS.labels(_EXECUTIONS)
# What a change is: that of when and how it was looked at is none.
_of_task: Final = attrgetter(
    "vendor_status", "status", "outcome", "description", "progress", "execution_counts", "started_at", "ended_at",
    "updated_at",
)  # fmt: skip
_of_execution: Final = attrgetter(
    "vendor_status", "status", "phase", "attempt", "progress", "failure", "version", "started_at", "ended_at",
    "updated_at",
)  # fmt: skip


class Watching:
    """Streams of changes. Whoever listens to the same thing shares one watch of it.

    A watch reads for nobody in particular; whether somebody may listen is asked when they begin to. `seconds` is the
    monotonic clock, `clock` one that agrees between machines.
    """

    def __init__(
        self,
        registry: BackendRegistry,
        backends: SeenBackends,
        tasks: TaskReads,
        executions: ExecutionReads,
        pace: WatchPace,
        *,
        seconds: Callable[[], float] = monotonic,
        clock: Callable[[], float] = time,
    ) -> None:
        self._backends = backends
        self._tasks = tasks
        self._executions = executions
        self._pace = pace
        self._seconds = seconds
        self._clock = clock
        self._turns: dict[str, Turns] = {}
        self._watches: dict[tuple[str, ObjectId], Watch[Any]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False
        for stack in registry:
            stack.changes.when_moved(partial(self._moved, stack.name))
            stack.changes.notice(Kind.TASK, partial(self._left, stack.name))

    async def tasks(self, caller: Caller, refs: Sequence[ObjectId]) -> AsyncGenerator[Task, None]:
        """The tasks as they are, then each again whenever it changed, until all of them are gone.

        Raises GatewayError when the first look at one fails; a later one that fails is made up for by the next.
        """
        with self._listening(_TASK) as listener:
            for ref in dict.fromkeys(refs):
                stack = self._backends.holding(caller, ref)
                if stack is not None and not self._closed:
                    listener.follow(self._task_watch(stack, ref), self._oldest(caller, stack))
            while (watch := await listener.stirred_watch()) is not None:
                for task in listener.news(watch):
                    _TASK_EVENTS.inc()
                    yield task

    async def executions(self, caller: Caller, task: ObjectId) -> AsyncGenerator[Execution, None]:
        """The executions of a task as they are, then each again whenever it changed or is new.

        Ends when the task is gone. Raises GatewayError when the first look fails, and InvalidInput for a task that has
        more executions than are watched.
        """
        stack = self._backends.of(caller, task, Operation.LIST_EXECUTIONS)
        with self._listening(_EXECUTIONS) as listener:
            if not self._closed:
                listener.follow(self._executions_watch(stack, task), self._oldest(caller, stack))
            while (watch := await listener.stirred_watch()) is not None:
                for execution in listener.news(watch):
                    _EXECUTION_EVENTS.inc()
                    yield execution

    async def aclose(self) -> None:
        """End every watch, and with it whatever listens."""
        self._closed = True
        for watch in tuple(self._watches.values()):
            watch.end()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _task_watch(self, stack: BackendStack, ref: ObjectId) -> Watch[Task]:
        def begun() -> Watch[Task]:
            look = TaskLook(self._tasks, self._turns_of(stack), ref)
            return Watch(_TASK, look, Sightings(_of_task), self._rhythm(_TASK, ref), self._seconds, settled=_has_ended)

        return self._shared((_TASK, ref), begun)

    def _executions_watch(self, stack: BackendStack, task: ObjectId) -> Watch[Execution]:
        def begun() -> Watch[Execution]:
            look = ExecutionsLook(self._executions, stack, self._turns_of(stack), task, self._pace.most_executions)
            rhythm = self._rhythm(_EXECUTIONS, task)
            return Watch(_EXECUTIONS, look, Sightings(_of_execution), rhythm, self._seconds)

        return self._shared((_EXECUTIONS, task), begun)

    def _shared(self, place: tuple[str, ObjectId], begun: Callable[[], Watch[Seen]]) -> Watch[Seen]:
        """The watch that there is, or one that begins now."""
        known = self._watches.get(place)
        if known is not None and not known.ended:
            return known
        watch = begun()
        self._watches[place] = watch
        self._running.add(watch.running)
        watch.running.add_done_callback(lambda running: self._stopped(place, watch, running))
        return watch

    def _stopped(self, place: tuple[str, ObjectId], watch: Watch[Any], running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        if self._watches.get(place) is watch:
            del self._watches[place]

    @contextmanager
    def _listening(self, kind: str) -> Iterator[Listener[Any]]:
        listener: Listener[Any] = Listener()
        WATCHERS.labels(kind).inc()
        try:
            yield listener
        finally:
            WATCHERS.labels(kind).dec()
            for watch in listener.leave():
                watch.end()

    def _rhythm(self, kind: str, ref: ObjectId) -> Rhythm:
        return Rhythm(self._pace, f"{kind} {ref}", self._clock)

    def _turns_of(self, stack: BackendStack) -> Turns:
        turns = self._turns.get(stack.name)
        if turns is None:
            rate = stack.pace.calls_per_second * self._pace.share_of_budget
            shared = stack.shared
            budget = CallBudget(rate, self._seconds) if shared is None else shared.budget("watching", rate)
            turns = self._turns[stack.name] = Turns(stack.name, budget)
        return turns

    def _oldest(self, caller: Caller, stack: BackendStack) -> float:
        """How old what a listener is shown first may be: as old as what is kept, and as what is watched anyway."""
        return 0.0 if caller.fresh else max(stack.pace.cache_ttl.total_seconds(), self._pace.fastest)

    def _moved(self, backend: str) -> None:
        """A change began or ended there, in this process or another; of what, nobody says."""
        for (_, ref), watch in self._watches.items():
            if ref.backend == backend:
                watch.quicken()

    def _left(self, backend: str, outcome: Outcome) -> None:
        """What a change left is known: that task is looked at before the others."""
        left = outcome.ref if outcome.row is None else outcome.row.ref
        if left is None:
            return
        for (_, ref), watch in self._watches.items():
            if ref.backend == backend and ref.key == left.key:
                watch.quicken(touched=True)


def _has_ended(task: Task) -> bool:
    return task.status in _ENDED
