"""Huawei IoTDA, watched. Its ids are never used again; devices are stopped, retried and confirmed."""

from collections.abc import Hashable
from typing import Any

from tests.support.states.beings import EXECUTION, PACKAGE, TASK, Standing, WatchedFleet

_DEVICES = ("Processing", "Success", "Fail", "Waitting", "FailWaitRetry")


class Watched(WatchedFleet):
    """Batch tasks, their devices, and packages."""

    writes = frozenset(
        {"CreateBatchTask", "DeleteBatchTask", "StopBatchTask", "RetryBatchTask", "ConfirmBatchTask"}
        | {"CreateOtaPackage", "DeleteOtaPackage"}
    )
    task_writes = frozenset({"DeleteBatchTask"})

    def standing(self) -> dict[Hashable, Standing]:
        now, instance = self.now(), self.simulator._instance
        found: dict[Hashable, Standing] = {}
        for package in instance.packages.values():
            found[self.number_of(package)] = Standing(PACKAGE, (package.package_id,), ("there",))
        for task in instance.tasks.values():
            place = self.number_of(task)
            found[place] = Standing(TASK, (task.task_id,), (task.status(now),))
            for row in range(len(task.devices)):
                device = task.devices.name(row)
                state = (task.status_of(row, now),)
                found[place, device] = Standing(EXECUTION, (task.task_id, device), state, within=(place,))
        return found

    def new_task(self, pick: int) -> dict[str, Any] | None:
        return None

    def deed(self, what: str, pick: int) -> None:
        now, instance = self.now(), self.simulator._instance
        tasks = list(instance.tasks.values())
        if not tasks:
            return
        task = tasks[pick % len(tasks)]
        device = task.devices.name(pick % len(task.devices))
        if what == "delete_task":
            instance.drop_task(task)
        elif what == "cancel_task" and task.halted is None:
            task.halted = now
        elif what == "report" and task.halted is None:
            task.hold(device, _DEVICES[pick % len(_DEVICES)], now)
        elif what == "package" and instance.packages:
            packages = list(instance.packages.values())
            instance.drop_package(packages[pick % len(packages)])
