"""AWS managed integrations, watched. Its ids are never used again; a task is deleted whole or not at all."""

from collections.abc import Hashable
from typing import Any

from tests.support.states.beings import EXECUTION, TASK, Standing, WatchedFleet

_DEVICES = ("IN_PROGRESS", "SUCCEEDED", "FAILED", "QUEUED")


class Watched(WatchedFleet):
    """Tasks and their executions."""

    writes = frozenset({"CreateOtaTask", "UpdateOtaTask", "DeleteOtaTask"})
    task_writes = frozenset({"UpdateOtaTask", "DeleteOtaTask"})

    def standing(self) -> dict[Hashable, Standing]:
        now = self.now()
        found: dict[Hashable, Standing] = {}
        for task in self.simulator.tasks.all(now):
            status = task.status(now)
            state = (status, task.members.get("Description"), task.members.get("TaskConfigurationId"))
            place = self.number_of(task)
            found[place] = Standing(TASK, (task.task_id,), state, going=task.gone_at is not None)
            rows = task.rollout.walk(0, now) if now >= task.starts_at else ()
            for row, execution in rows:
                thing = task.rollout.things.name(row)
                found[place, thing] = Standing(EXECUTION, (task.task_id, thing), (execution.status,), within=(place,))
        return found

    def new_task(self, pick: int) -> dict[str, Any] | None:
        things = [self.simulator.fleet.name_of(at) for at in range(4)]
        return {"targets": [things[pick % 4], things[(pick + 1) % 4]], "s3Url": "s3://ota-docs/lamps-2.0.0.json"}

    def deed(self, what: str, pick: int) -> None:
        now = self.now()
        tasks = self.simulator.tasks.all(now)
        if not tasks:
            return
        task = tasks[pick % len(tasks)]
        if what == "delete_task" and task.gone_at is None:
            self.simulator.tasks.delete(task, now)
        elif what == "report" and now >= task.starts_at:
            thing = task.rollout.things.name(pick % len(task.rollout.things))
            self.simulator.set_execution_status(task.task_id, thing, _DEVICES[pick % len(_DEVICES)])
