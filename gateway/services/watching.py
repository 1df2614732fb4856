"""Watching: the present state of each object, then every change of it, found by polling through the cache.

All watchers in a process look at the same moments, the multiples of the interval, and take no answer that is older than
half of it: a change is seen at the next of these moments, and however many watch an object, a moment costs one read.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic

from gateway.domain.errors import GatewayError, TimedOut
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.task import Task
from gateway.services.caller import Caller
from gateway.services.executions import ExecutionReads
from gateway.services.tasks import TaskReads

_ROWS_A_PAGE = 1000


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
        caller = self._watcher(caller)
        shown: dict[ObjectId, object] = {}
        watched = list(dict.fromkeys(refs))
        first = True
        while watched:
            for ref in list(watched):
                try:
                    task = await self._tasks.get(caller, ref)
                except GatewayError:
                    if first:
                        raise
                    caller.down.clear()
                    continue
                if task is None:
                    watched.remove(ref)
                elif shown.get(ref) != (state := _task_state(task)):
                    shown[ref] = state
                    yield task
            first = False
            await self._next_moment()

    async def executions(self, caller: Caller, task: ObjectId) -> AsyncIterator[Execution]:
        """The executions of a task as they are, then each again whenever it changed or is new."""
        caller = self._watcher(caller)
        shown: dict[str, object] = {}
        first = True
        while True:
            after: str | None = None
            while True:
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
            if isinstance(failed, TimedOut):
                caller.down.clear()
            first = False
            await self._next_moment()

    def _watcher(self, caller: Caller) -> Caller:
        return replace(caller, fresh=False, max_age=self._seconds / 2, down={})

    async def _next_moment(self) -> None:
        await asyncio.sleep(self._seconds - monotonic() % self._seconds)


def _task_state(task: Task) -> object:
    return (task.vendor_status, task.status, task.updated_at, task.description, task.execution_counts)


def _execution_state(execution: Execution) -> object:
    return (execution.vendor_status, execution.updated_at, execution.progress, execution.attempt)
