"""The snapshots of all backends, and what was deleted through here or another process, so that lists
and reads show it at once.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from gateway.backends.changes import Left, Outcome
from gateway.backends.registry import BackendRegistry
from gateway.backends.shelf import SnapshotShelf
from gateway.domain.ids import Kind, ObjectId, same_generation
from gateway.domain.package import Package
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.services.connection import Connection

_REMEMBERED = 10_000


class Shelves:
    """One shelf of tasks and one of packages per backend."""

    def __init__(self, registry: BackendRegistry, now: Callable[[], datetime]) -> None:
        self._registry = registry
        self.tasks: dict[str, SnapshotShelf[Task]] = {}
        self.packages: dict[str, SnapshotShelf[Package]] = {}
        self._deleted: OrderedDict[tuple[str, tuple[str, ...]], str] = OrderedDict()
        for stack in registry:
            manifest = stack.manifest
            self.tasks[stack.name] = SnapshotShelf(
                stack,
                stack.adapter.list_tasks,
                kind=Kind.TASK,
                page_size=manifest.task_page_size,
                what="tasks",
                now=now,
            )
            self.packages[stack.name] = SnapshotShelf(
                stack,
                stack.adapter.list_packages,
                kind=Kind.PACKAGE,
                page_size=manifest.package_page_size,
                what="packages",
                now=now,
            )

            stack.changes.listen(Kind.TASK, self._left_elsewhere)

    def task_read(self, backend: str, task: Task | None) -> None:
        """What a task reads as after a change; None when it could not be seen, and lists have to be read again."""
        if task is None:
            self.tasks[backend].forget()
        else:
            self.tasks[backend].put(task)

    def task_deleted(self, ref: ObjectId) -> None:
        """A task was deleted through this process: while the vendor still shows it, it is shown as DELETED."""
        self._remember(ref)
        stack = self._registry.find(ref.backend)
        if stack is not None:
            stack.changes.left(Kind.TASK, Outcome(Left.DELETED, ref=ref))

    def _left_elsewhere(self, outcome: Outcome) -> None:
        if outcome.left is Left.DELETED and outcome.ref is not None:
            self._remember(outcome.ref)

    def _remember(self, ref: ObjectId) -> None:
        self._deleted[ref.backend, ref.key] = ref.generation
        while len(self._deleted) > _REMEMBERED:
            self._deleted.popitem(last=False)

    def as_deleted(self, task: Task) -> Task:
        """The task, or what a deletion of ours makes of it while its vendor is slow to show it."""
        generation = self._deleted.get((task.ref.backend, task.ref.key))
        if generation is None or task.status is TaskStatus.DELETING:
            return task
        if not same_generation(generation, task.ref.generation):
            return task
        return replace(task, status=TaskStatus.DELETED)

    def showing_deleted(self, page: Connection[Task]) -> Connection[Task]:
        """The page, with what a deletion of ours makes of its tasks."""
        if not self._deleted:
            return page
        nodes = [self.as_deleted(task) for task in page.nodes]
        return replace(page, nodes=nodes, edges_made=None)

    async def aclose(self) -> None:
        """Stop what is being read."""
        for tasks in self.tasks.values():
            await tasks.aclose()
        for packages in self.packages.values():
            await packages.aclose()
