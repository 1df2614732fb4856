"""Walks: every row of a backend's list, page by page, in the vendor's own order, for whoever takes a fleet elsewhere.

A walk reads past all caches and keeps nothing: any length costs the memory of one page. Its vendor calls wait behind
everybody else's. It is no snapshot: what moves while it goes on may be missing, or come twice, where the vendor counts
its pages.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from gateway.backends.deadline import within
from gateway.backends.priority import Priority, asking_as
from gateway.backends.shelf import endless_paging
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError, Throttled
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId, same_generation
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task

Row = TypeVar("Row")
Answer = TypeVar("Answer")

# As long as an open circuit stays so. A walk of an hour must not end with one bad minute.
_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)


class Walk:
    """The walk of one backend. Once it has answered, it is waited for whenever it cannot be asked, by these pauses.

    All of it raises GatewayError.
    """

    def __init__(self, stack: BackendStack, pauses: Sequence[float] = _PAUSES_SECONDS) -> None:
        self._stack = stack
        self._pauses = pauses
        self._answered = False

    def tasks(self) -> AsyncIterator[Sequence[Task]]:
        """All tasks, by the page."""
        return self._pages("tasks", self._stack.manifest.task_page_size, self._stack.adapter.list_tasks)

    def executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None
    ) -> AsyncIterator[Sequence[Execution]]:
        """A task's executions at one of these, or all of them, by the page."""
        fetch = partial(self._stack.adapter.list_executions, task, status)
        pages = self._pages("executions", self._stack.manifest.execution_page_size, fetch)
        return pages if status is None else _only(pages, status)

    async def task(self, ref: ObjectId) -> Task | None:
        """The task of an id; None when it does not exist, or another stands under its key by now."""
        self._stack.adapter.check_key(ref)
        task = await self._patiently(partial(self._stack.adapter.get_task, ref))
        if task is None or (ref.generation and not same_generation(ref.generation, task.ref.generation)):
            return None
        return task

    async def _pages(
        self, what: str, size: int, fetch: Callable[[PageRequest], Awaitable[Page[Row]]]
    ) -> AsyncIterator[Sequence[Row]]:
        after: str | None = None
        # One place behind is remembered, ever further on: whoever walks in a circle comes by it.
        landmark, pages, next_landmark = None, 0, 1
        while True:
            page = await self._patiently(partial(fetch, PageRequest(size, after)))
            yield page.rows
            if page.next is None:
                return
            if page.next in (after, landmark):
                raise endless_paging(self._stack.name, what)
            after = page.next
            pages += 1
            if pages == next_landmark:
                landmark, next_landmark = after, 2 * next_landmark

    async def _patiently(self, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        pauses = iter(self._pauses)
        while True:
            try:
                with asking_as(Priority.POLL):
                    answer = await self._stack.measured(
                        lambda: within(self._stack.pace.timeout, fetch, backend=self._stack.name)
                    )
            except (BackendUnavailable, Throttled) as error:
                pause = next(pauses, None) if self._answered else None
                if pause is None:
                    raise
                await asyncio.sleep(max(pause, _asked_for(error)))
            else:
                self._answered = True
                return answer


def _asked_for(error: GatewayError) -> float:
    """The seconds that a vendor asked to wait, within reason."""
    wanted = error.retry_after_seconds if isinstance(error, Throttled) else None
    return min(wanted or 0.0, 60.0)


async def _only(
    pages: AsyncIterator[Sequence[Execution]], status: frozenset[ExecutionStatus]
) -> AsyncIterator[Sequence[Execution]]:
    async for rows in pages:
        yield [row for row in rows if row.status in status]
