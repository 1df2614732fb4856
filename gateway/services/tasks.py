"""Tasks: one list over all backends, one task, and the fields that a list does not carry."""

import asyncio
from collections.abc import Sequence

from gateway.backends.cache import Answer
from gateway.backends.registry import BackendRegistry
from gateway.backends.snapshot import Snapshot
from gateway.backends.stack import BackendStack
from gateway.domain.errors import GatewayError
from gateway.domain.ids import ObjectId, same_generation
from gateway.domain.operations import Operation
from gateway.domain.page import Page, PageRequest
from gateway.domain.task import Task
from gateway.services.asking import ask, remembering, stack_of, unsupported
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.input_rules import check_first, check_range
from gateway.services.inputs import Direction, TaskFilter, TaskOrder, TaskOrderField
from gateway.services.merged_list import Whole, merged
from gateway.services.selection import selected
from gateway.services.shelves import Shelves
from gateway.services.sort_keys import by_moment, by_text
from gateway.services.streamed_list import Source, streamed

_KEYS = {
    (TaskOrderField.CREATED_AT, direction): by_moment(lambda task: task.created_at, direction)
    for direction in Direction
}
_KEYS |= {
    (TaskOrderField.UPDATED_AT, direction): by_moment(lambda task: task.updated_at, direction)
    for direction in Direction
}
_KEYS |= {(TaskOrderField.NAME, direction): by_text(lambda task: task.name, direction) for direction in Direction}


class TaskReads:
    """Reading tasks."""

    def __init__(self, registry: BackendRegistry, shelves: Shelves, cursors: CursorKey) -> None:
        self._registry = registry
        self._shelves = shelves
        self._cursors = cursors

    async def list(
        self, caller: Caller, first: int, after: str | None, wanted: TaskFilter, order: TaskOrder
    ) -> Connection[Task]:
        """One page of the tasks of all backends that the filter names. Raises InvalidInput."""
        check_first(first)
        check_range(wanted.created_after, wanted.created_before, ("filter", "createdAfter"))
        stacks = selected(self._registry, wanted.backends, wanted.vendors)
        bound = binding("tasks", wanted, order)
        if order.field is TaskOrderField.BACKEND:
            sources = [self._source(stack, caller, wanted) for stack in stacks]
            page = await streamed(sources, first=first, after=after, key=self._cursors, binding=bound)
        else:
            page = await merged(
                [self._whole(stack, caller, wanted) for stack in stacks],
                order=(order.field.value, order.direction),
                key_of=_KEYS[order.field, order.direction],
                keep=lambda task: _matches(task, wanted),
                first=first,
                after=after,
                key=self._cursors,
                binding=bound,
            )
        page.nodes = [self._shelves.as_deleted(task) for task in page.nodes]
        return page

    async def get(self, caller: Caller, ref: ObjectId) -> Task | None:
        """The whole task an id names; None when it does not exist, or another stands under its key by now."""
        stack = stack_of(self._registry, ref)
        stack.adapter.check_key(ref)
        answer = await ask(stack, caller, f"task|{ref.key}", lambda: stack.adapter.get_task(ref))
        task = answer.value
        if task is None or (ref.generation and not same_generation(ref.generation, task.ref.generation)):
            return None
        return self._shelves.as_deleted(task)

    async def describe_many(self, caller: Caller, tasks: Sequence[Task]) -> Sequence[Task | GatewayError | None]:
        """The same tasks, whole: what a list row lacks. One that could not be had is an error in its place."""

        async def one(task: Task) -> Task | GatewayError | None:
            try:
                return await self.get(caller, task.ref)
            except GatewayError as error:
                return error

        return await asyncio.gather(*(one(task) for task in tasks))

    def _source(self, stack: BackendStack, caller: Caller, wanted: TaskFilter) -> Source[Task]:
        async def fetch(page: PageRequest) -> Answer[Page[Task]]:
            return await ask(stack, caller, f"tasks|{page}", lambda: stack.adapter.list_tasks(page))

        return Source(
            name=stack.name,
            largest=stack.manifest.task_page_size,
            what="tasks",
            fetch=fetch,
            keep=lambda task: _matches(task, wanted),
            skipped=_skipped(stack),
        )

    def _whole(self, stack: BackendStack, caller: Caller, wanted: TaskFilter) -> Whole[Task]:
        shelf = self._shelves.tasks[stack.name]

        async def snapshot() -> Snapshot[Task]:
            return await remembering(
                stack,
                caller,
                lambda: shelf.get(
                    filter_key=binding(wanted).hex(),
                    keep=lambda task: _matches(task, wanted),
                    narrowed=_narrows(wanted),
                    fresh=caller.fresh,
                ),
            )

        return Whole(name=stack.name, snapshot=snapshot, skipped=_skipped(stack))


def _skipped(stack: BackendStack) -> GatewayError | None:
    return None if stack.backend.supports(Operation.LIST_TASKS) else unsupported(stack, Operation.LIST_TASKS)


def _narrows(wanted: TaskFilter) -> bool:
    members = (wanted.status, wanted.text, wanted.created_after, wanted.created_before)
    return any(member is not None for member in members)


def _matches(task: Task, wanted: TaskFilter) -> bool:
    if wanted.status is not None and task.status not in wanted.status:
        return False
    if wanted.text is not None:
        text = wanted.text.casefold()
        if text not in task.name.casefold() and text not in (task.description or "").casefold():
            return False
    if wanted.created_after is not None and (task.created_at is None or task.created_at <= wanted.created_after):
        return False
    return wanted.created_before is None or (task.created_at is not None and task.created_at < wanted.created_before)
