"""Watching: the present state of each object, then every change of it, found by polling through the cache.

What is kept may answer the first look. After it all watchers in a process look at the same moments, the multiples
of the interval, and take no answer that is older: a change is seen at the next of these moments, and however many watch
an object, a moment costs one read.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic

from gateway.backends.priority import Priority, asking_as
from gateway.domain.errors import GatewayError
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.task import Task
from gateway.services.caller import Caller
from gateway.services.executions import ExecutionReads
from gateway.services.tasks import TaskReads
from gateway.vendorkit.few_at_once import few_at_once

_ROWS_A_PAGE = 1000
# Answers that are no older than this part of the interval are of the same moment: loops run late, walks take time.
_SAME_MOMENT = 10
# More would wait for the account's budget longer than a read may take.
_LOOKS_AT_ONCE = 8


class Watching:
    """Streams of changes. `interval` lies between two looks at the same objects."""

    def __init__(self, tasks: TaskReads, executions: ExecutionReads, interval: timedelta) -> None:
        self._tasks = tasks
        self._executions = executions
        self._seconds = interval.total_seconds()

    async def tasks(self, caller: Caller, refs: Sequence[ObjectId]) -> AsyncIterator[Task]:
        """The tasks as they are, then each again whenever it changed, until all of them are gone.

        Raises GatewayError when the first look fails; a later one that fails is made up for by the next.
        """
        shown: dict[ObjectId, object] = {}
        watched = list(dict.fromkeys(refs))
        first = True
        while watched:
            with asking_as(_priority(first)):
                found = await self._tasks_found(caller, watched)
            for ref, task in zip(tuple(watched), found, strict=True):
                if isinstance(task, GatewayError):
                    if first:
                        raise task
                elif task is None:
                    watched.remove(ref)
                elif shown.get(ref) != (state := _task_state(task)):
                    shown[ref] = state
                    yield task
            first = False
            caller = await self._next_look(caller)

    async def _tasks_found(self, caller: Caller, refs: Sequence[ObjectId]) -> list[Task | GatewayError | None]:
        async def one(ref: ObjectId) -> Task | GatewayError | None:
            try:
                return await self._tasks.get(caller, ref)
            except GatewayError as error:
                return error

        return await few_at_once(one, refs, limit=_LOOKS_AT_ONCE)

    async def executions(self, caller: Caller, task: ObjectId) -> AsyncIterator[Execution]:
        """The executions of a task as they are, then each again whenever it changed or is new."""
        shown: dict[str, object] = {}
        first = True
        while True:
            after: str | None = None
            while True:
                with asking_as(_priority(first)):
                    page = await self._executions.of_task(caller, task, _ROWS_A_PAGE, after, None)
                failed = next((result.error for result in page.backends if result.error is not None), None)
                if failed is not None and first:
                    raise failed
                for execution in page.nodes:
                    state = _execution_state(execution)
                    if shown.get(execution.id) != state:
                        shown[execution.id] = state
                        yield execution
                if failed is not None or not page.has_next_page or not page.nodes:
                    break
                after = page.page_info.end_cursor
            first = False
            caller = await self._next_look(caller)

    async def _next_look(self, caller: Caller) -> Caller:
        """Wait for the moment; gives who looks then."""
        await asyncio.sleep(self._seconds - monotonic() % self._seconds)
        return replace(caller, fresh=False, max_age=self._seconds / _SAME_MOMENT, down={})


def _priority(first: bool) -> Priority:
    """Whoever begins to watch waits for the first look; the others can wait for everybody."""
    return Priority.INTERACTIVE if first else Priority.POLL


def _task_state(task: Task) -> object:
    return (task.vendor_status, task.status, task.updated_at, task.description, task.execution_counts)


def _execution_state(execution: Execution) -> object:
    return (execution.vendor_status, execution.updated_at, execution.progress, execution.attempt)
