"""OTA tasks and their states. The service documents no transitions of its own; it is built on AWS IoT jobs."""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.vendorkit.simulation.rollout import Rollout


@dataclass(slots=True, kw_only=True)
class Task:
    """One task. `members` holds what the caller gave, by wire name. Times are epoch seconds; `starts_at` is when the
    rollout begins, `gone_at` when the deletion ends.
    """

    task_id: str
    created_at: float
    starts_at: float
    rollout: Rollout
    targets: tuple[str, ...] = ()
    continuous: bool = False
    members: dict[str, Any] = field(default_factory=dict)
    updated_at: float | None = None
    completed_at: float | None = None
    canceled_at: float | None = None
    gone_at: float | None = None

    def status(self, now: float) -> str:
        """The state at that moment. A one-time task that is complete stays so."""
        if self.gone_at is not None:
            return "DELETION_IN_PROGRESS"
        if self.canceled_at is not None:
            return "CANCELED"
        if self.completed_at is not None:
            return "COMPLETED"
        if now < self.starts_at:
            return "SCHEDULED"
        if not self.continuous and (settled := self.rollout.settles_at()) <= now:
            self.completed_at = max(settled, self.starts_at, self.created_at)
            return "COMPLETED"
        return "IN_PROGRESS"

    def last_updated_at(self, now: float) -> float:
        """The latest of its changes."""
        self.status(now)
        moments = (self.created_at, self.starts_at, self.updated_at, self.completed_at, self.canceled_at)
        return max(moment for moment in moments if moment is not None and moment <= now)


class Tasks:
    """All tasks, listed in an order that is stable and means nothing."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._order: list[tuple[int, str]] = []
        self._deleting: dict[str, Task] = {}

    def find(self, task_id: str, now: float) -> Task | None:
        """The task, unless it is gone."""
        self._bury(now)
        return self._tasks.get(task_id)

    def all(self, now: float) -> list[Task]:
        """Every task that is not gone, in the order of creation."""
        self._bury(now)
        return list(self._tasks.values())

    def add(self, task: Task, order: int) -> None:
        """Take a task in; lists show it at `order`."""
        self._tasks[task.task_id] = task
        insort(self._order, (order, task.task_id))

    def deleting(self, now: float) -> int:
        """How many deletions are under way."""
        self._bury(now)
        return len(self._deleting)

    def delete(self, task: Task, gone_at: float) -> None:
        """Begin a deletion."""
        task.gone_at = gone_at
        self._deleting[task.task_id] = task

    def walk(self, after: tuple[int, str] | None, now: float) -> Iterator[tuple[int, Task]]:
        """Tasks in listing order, with their places, from behind a place on."""
        self._bury(now)
        for place in range(bisect_right(self._order, after) if after else 0, len(self._order)):
            order, task_id = self._order[place]
            yield order, self._tasks[task_id]

    def _bury(self, now: float) -> None:
        gone = [task for task in self._deleting.values() if task.gone_at is not None and task.gone_at <= now]
        for task in gone:
            del self._deleting[task.task_id]
            del self._tasks[task.task_id]
        if gone:
            self._order = [row for row in self._order if row[1] in self._tasks]
