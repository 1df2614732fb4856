"""Looks: reading what is watched, for nobody in particular, through the same cache as everybody.

A look gives what it sees in parts, as they come. Each part that has to be asked for waits for its turn.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from gateway.backends.stack import BackendStack
from gateway.domain.errors import InvalidInput, NotFound
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.task import Task
from gateway.services.at_once import at_once, only_kept
from gateway.services.caller import Caller, NotKept
from gateway.services.connection import Connection
from gateway.services.executions import ExecutionReads
from gateway.services.tasks import TaskReads
from gateway.services.watching.turns import Turns

Value = TypeVar("Value")
Seen_co = TypeVar("Seen_co", covariant=True)


class Gone(Exception):
    """What was watched is no more. `error` is for who would have begun to listen just now, where there is one."""

    def __init__(self, error: NotFound | None = None) -> None:
        super().__init__()
        self.error = error


class Outgrown(InvalidInput):
    """What is watched has become more than a watch may hold: it ends for all who listen."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a look asks: for nothing older than `oldest()` seconds at that moment; soon, once it is `urgent`."""

    oldest: Callable[[], float]
    urgent: asyncio.Event


class Look(Protocol[Seen_co]):
    """One look. Raises Gone, and GatewayError."""

    def __call__(self, asking: Asking) -> AsyncGenerator[Sequence[Seen_co], None]:
        """What is there, in parts."""


class _Reading:
    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def read(self, asking: Asking, read: Callable[[Caller], Coroutine[Any, Any, Value]]) -> Value:
        try:
            return at_once(read(only_kept(Caller(max_age=asking.oldest()))))
        except NotKept:
            pass
        async with self._turns.turn(asking.urgent):
            return await read(Caller(max_age=asking.oldest()))


class TaskLook(_Reading):
    """A task, whole."""

    def __init__(self, tasks: TaskReads, turns: Turns, ref: ObjectId) -> None:
        super().__init__(turns)
        self._tasks = tasks
        self._ref = ref

    async def __call__(self, asking: Asking) -> AsyncGenerator[Sequence[Task], None]:
        """As Look says."""
        task = await self.read(asking, lambda caller: self._tasks.get(caller, self._ref))
        if task is None:
            raise Gone
        yield (task,)


class ExecutionsLook(_Reading):
    """All executions of a task, a vendor's page at a time."""

    def __init__(
        self, executions: ExecutionReads, stack: BackendStack, turns: Turns, task: ObjectId, most: int
    ) -> None:
        super().__init__(turns)
        self._executions = executions
        self._stack = stack
        self._task = task
        self._most = most

    async def __call__(self, asking: Asking) -> AsyncGenerator[Sequence[Execution], None]:
        """As Look says."""
        number = 0
        after: str | None = None
        while True:
            page = await self.read(asking, partial(self._page, after))
            failed = next((result.error for result in page.backends if result.error is not None), None)
            if isinstance(failed, NotFound):
                raise Gone(failed)
            if failed is not None:
                raise failed
            number += len(page.nodes)
            if number > self._most:
                raise self._too_many()
            yield page.nodes
            if not page.has_next_page or not page.nodes:
                return
            after = page.page_info.end_cursor

    def _page(self, after: str | None, caller: Caller) -> Coroutine[Any, Any, Connection[Execution]]:
        rows = self._stack.manifest.execution_page_size
        return self._executions.of_task(caller, self._task, rows, after, None)

    def _too_many(self) -> Outgrown:
        return Outgrown(
            f"The task has more than {self._most} executions, which are not watched one by one. Watch the task itself "
            "by taskUpdated, which shows how many stand where, or raise `watching.most_executions`.",
            path=("taskId",),
            rule=f"a task of at most {self._most} executions",
            backend=self._stack.name,
        )
