"""Tuya, watched. Its ids are never used again; a deleted package takes its jobs out of sight."""

from collections.abc import Hashable
from typing import Any

from gateway.vendors.tuya.simulator.platform import job_id
from tests.support.states.beings import EXECUTION, PACKAGE, TASK, Standing, WatchedFleet

_DEVICES = ("QUEUED", "NOTIFIED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "CANCELED")


class Watched(WatchedFleet):
    """Packages, their jobs, and the jobs' devices."""

    writes = frozenset(
        {"CreateOTAStaticUpgradeJob", "ConfirmOTATask", "CancelOTATaskByJob", "CancelOTATaskByDevice"}
        | {"CreateOTAFirmware", "DeleteOTAFirmware"}
    )
    task_writes = frozenset({"DeleteOTAFirmware"})

    def standing(self) -> dict[Hashable, Standing]:
        now, platform = self.now(), self.simulator._platform
        found: dict[Hashable, Standing] = {}
        for key, firmware in platform.firmware.items():
            package = self.number_of(firmware)
            found[package] = Standing(PACKAGE, (key,), (firmware.status,))
            for job in platform.jobs[key]:
                place, native = self.number_of(job), job_id(job)
                found[place] = Standing(TASK, (native,), (job.status(now),), within=(package,))
                for row in range(len(job.devices)):
                    device = job.devices.name(row)
                    state = (job.status_of(row, now),)
                    found[place, device] = Standing(EXECUTION, (native, device), state, within=(place,))
        return found

    def new_task(self, pick: int) -> dict[str, Any] | None:
        return None

    def deed(self, what: str, pick: int) -> None:
        now, platform = self.now(), self.simulator._platform
        jobs = [job for key in platform.firmware for job in platform.jobs[key]]
        if what == "package" and platform.firmware:
            keys = list(platform.firmware)
            del platform.firmware[keys[pick % len(keys)]]
        elif jobs and what in {"report", "cancel_execution", "cancel_task"}:
            job = jobs[pick % len(jobs)]
            row = pick % len(job.devices)
            if what == "report":
                job.hold(job.devices.name(row), _DEVICES[pick % len(_DEVICES)], now)
            elif what == "cancel_execution":
                job.cancel_one(row, now)
            else:
                job.cancel(frozenset({"QUEUED", "NOTIFIED"}), now)
