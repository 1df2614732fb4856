"""Tasks: one list over all backends, one task, and the fields that a list does not carry."""

from collections.abc import Sequence
from operator import attrgetter

from gateway.backends.snapshot import RowOrder
from gateway.domain.errors import GatewayError
from gateway.domain.ids import ObjectId, same_generation
from gateway.domain.operations import Operation
from gateway.domain.task import Task
from gateway.services.asking import ask
from gateway.services.backend_lists import BackendLists, Question, each_or_error, remembered
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.input_rules import check_first, check_range
from gateway.services.inputs import Direction, TaskFilter, TaskOrder, TaskOrderField
from gateway.services.seen_backends import SeenBackends, narrowed_to_seen
from gateway.services.shelves import Shelves
from gateway.services.sort_keys import by_moment, by_text
from gateway.services.together import Together

# About as many calls as the smallest fleets' lists take; most accounts' budgets have not many more in a read's time.
_MANY = 20

_KEYS: dict[tuple[TaskOrderField, Direction], RowOrder[Task]] = {
    (TaskOrderField.CREATED_AT, direction): by_moment(attrgetter("created_at"), direction) for direction in Direction
}
_KEYS |= {
    (TaskOrderField.UPDATED_AT, direction): by_moment(attrgetter("updated_at"), direction) for direction in Direction
}
_KEYS |= {(TaskOrderField.NAME, direction): by_text(lambda task: task.name, direction) for direction in Direction}


class TaskReads:
    """Reading tasks."""

    def __init__(self, backends: SeenBackends, shelves: Shelves, cursors: CursorKey) -> None:
        self._backends = backends
        self._shelves = shelves
        self._lists = BackendLists(
            what="tasks",
            operation=Operation.LIST_TASKS,
            page_size=lambda manifest: manifest.task_page_size,
            list_page=lambda adapter, page: adapter.list_tasks(page),
            shelves=shelves.tasks,
            cursors=cursors,
        )
        self._together = Together(
            backends=backends,
            shelves=shelves.tasks,
            operation=Operation.LIST_TASKS,
            lists_from=_MANY,
            kept_as=_kept_as,
            get=self.get,
        )

    async def list(
        self, caller: Caller, first: int, after: str | None, wanted: TaskFilter, order: TaskOrder
    ) -> Connection[Task]:
        """One page of the tasks of all backends that the filter names. Raises InvalidInput."""
        check_first(first)
        check_range(wanted.created_after, wanted.created_before, ("filter", "createdAfter"))
        stacks = self._backends.selected(caller, wanted.backends, wanted.vendors)
        wanted = narrowed_to_seen(caller, wanted, stacks)
        page = await self._lists.page(caller, stacks, _question(wanted, order), first, after)
        return self._shelves.showing_deleted(page)

    async def get(self, caller: Caller, ref: ObjectId) -> Task | None:
        """The whole task an id names; None when it does not exist, or another stands under its key by now."""
        stack = self._backends.holding(caller, ref)
        if stack is None:
            return None
        stack.adapter.check_key(ref)
        answer = await ask(stack, caller, _kept_as(ref), lambda: stack.adapter.get_task(ref))
        task = answer.value
        if task is None or (ref.generation and not same_generation(ref.generation, task.ref.generation)):
            return None
        return self._shelves.as_deleted(task)

    async def get_many(self, caller: Caller, refs: Sequence[ObjectId]) -> Sequence[Task | GatewayError | None]:
        """Tasks by id, in the order asked, as lists show them or whole. One that could not be had is an error there."""
        found = await self._together.read(caller, refs)
        return [self._shelves.as_deleted(one) if isinstance(one, Task) else one for one in found]

    async def describe_many(self, caller: Caller, tasks: Sequence[Task]) -> Sequence[Task | GatewayError | None]:
        """The same tasks, whole: what a list row lacks. One that could not be had is an error in its place."""
        return await each_or_error(tasks, lambda task: self.get(caller, task.ref))


def _kept_as(ref: ObjectId) -> str:
    return f"task|{ref.key}"


@remembered
def _question(wanted: TaskFilter, order: TaskOrder) -> Question[Task]:
    return Question(
        order=(order.field.value, order.direction),
        key_of=_KEYS.get((order.field, order.direction)),
        keep=lambda task: _matches(task, wanted),
        narrowed=_narrows(wanted),
        filter_key=binding(wanted).hex(),
        binding=binding("tasks", wanted, order),
    )


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
