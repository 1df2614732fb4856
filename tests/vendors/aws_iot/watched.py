"""AWS IoT Jobs, watched. Jobs may be made again under their ids, and executions under their numbers."""

from collections import Counter
from collections.abc import Hashable
from itertools import count
from typing import Any
from urllib.parse import unquote

from gateway.vendorkit.simulation.device_course import Moving
from gateway.vendorkit.simulation.rollout import Execution, NamedThings, Rollout, canceled
from gateway.vendors.aws_iot.simulator.jobs import Job
from gateway.vendors.aws_iot.simulator.packages import Version
from tests.support.states.beings import EXECUTION, PACKAGE, TASK, Standing, WatchedFleet, milliseconds

_DEVICES = ("IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "QUEUED")
_ARN = "arn:aws:iot:eu-west-1:123456789012:thing/"


class Watched(WatchedFleet):
    """Jobs, their executions, and versions of packages."""

    numbered = True
    writes = frozenset(
        {"CreateJob", "UpdateJob", "CancelJob", "DeleteJob", "CancelJobExecution", "DeleteJobExecution"}
        | {"DeletePackageVersion", "DeletePackage", "UpdatePackage", "UpdatePackageVersion"}
    )
    task_writes = frozenset({"UpdateJob", "CancelJob", "DeleteJob"})

    def __init__(self, simulator: Any, clock: Any) -> None:
        self._lives: Counter[tuple[int, str]] = Counter()
        self._orders = count(1000)
        super().__init__(simulator, clock)

    def standing(self) -> dict[Hashable, Standing]:
        now = self.now()
        found: dict[Hashable, Standing] = {}
        for job in self.simulator.jobs.all(now):
            place, status = self.number_of(job), job.status(now)
            going = status == "DELETION_IN_PROGRESS"
            shown = (job.job_id, milliseconds(job.created_at))
            found[place] = Standing(TASK, shown, (status, job.members.get("description")), going=going)
            if not job.rolled_out(now):
                continue
            for row, execution in job.rollout.walk(0, now):
                thing = job.rollout.things.name(row)
                shown = (job.job_id, thing, execution.number, milliseconds(execution.queued_at))
                life = self._lives[place, thing]
                found[place, thing, life] = Standing(EXECUTION, shown, (execution.status,), within=(place,))
        for name, package in self.simulator.packages.items():
            for version, one in package.versions.items():
                shown = (f"{name}/{version}", milliseconds(one.created_at))
                found[self.number_of(one)] = Standing(PACKAGE, shown, (one.status,))
        return found

    def carried_out(self, operation: str, request: Any) -> None:
        if operation == "DeleteJobExecution":
            _, _, thing, _, job_id, *_ = (unquote(part) for part in request.raw_path.split("/"))
            self._lives[self.number_of(self.simulator.job(job_id)), thing] += 1

    def new_task(self, pick: int) -> dict[str, Any] | None:
        ids = sorted({str(shown[1]) for shown in self.shown if shown[0] == TASK})
        things = [self.simulator.fleet.name_of(at) for at in range(4)]
        return {
            "name": [*ids, "another"][pick % (len(ids) + 1)],
            "targets": [_ARN + things[pick % 4], _ARN + things[(pick + 1) % 4]],
            "document": "{}",
        }

    def deed(self, what: str, pick: int) -> None:
        now = self.now()
        jobs = sorted(self.simulator.jobs.all(now), key=lambda job: job.job_id)
        rows = [(job, *row) for job in jobs if job.rolled_out(now) for row in job.rollout.walk(0, now)]
        if what == "create_task":
            ids = sorted({str(shown[1]) for shown in self.shown if shown[0] == TASK})
            self._create(ids[pick % len(ids)], now)
        elif what == "package":
            self._package(pick, now)
        elif jobs and what in {"delete_task", "cancel_task"}:
            job = jobs[pick % len(jobs)]
            if what == "cancel_task" and job.status(now) in {"IN_PROGRESS", "SCHEDULED"}:
                job.cancel(now, force=pick % 2 == 0, takes=0)
            elif what == "delete_task" and job.status(now) != "DELETION_IN_PROGRESS":
                self.simulator.jobs.delete(job, now)
        elif rows and what in {"report", "cancel_execution", "delete_execution", "reborn"}:
            self._execution(what, *rows[pick % len(rows)], pick, now)
        self.simulator.jobs.changed()

    def _create(self, job_id: str, now: float) -> None:
        if self.simulator.jobs.find(job_id, now) is not None:
            return
        things = tuple(self.simulator.fleet.name_of(at) for at in range(3))
        plan = Moving(seed=0, key=job_id, queued_at=now, moves_from=now, speed=0)
        rollout = Rollout(NamedThings(list(things)), plan)
        made = Job(
            job_id=job_id, order=next(self._orders), created_at=now, starts_at=now, rollout=rollout, things=things
        )
        self.simulator.jobs.add(made)

    def _execution(self, what: str, job: Job, row: int, execution: Execution, pick: int, now: float) -> None:
        thing = job.rollout.things.name(row)
        if what == "report":
            self.simulator.set_execution_status(job.job_id, thing, _DEVICES[pick % len(_DEVICES)])
        elif what == "cancel_execution" and not execution.final:
            job.rollout.put(row, canceled(execution, now))
        elif what in {"delete_execution", "reborn"}:
            self._lives[self.number_of(job), thing] += 1
            born = Execution(status="QUEUED", queued_at=now, updated_at=now, number=execution.number)
            job.rollout.put(row, born if what == "reborn" else None)

    def _package(self, pick: int, now: float) -> None:
        names = sorted(self.simulator.packages)
        package = self.simulator.packages[names[pick % len(names)]]
        version = sorted({str(shown[1]).partition("/")[2] for shown in self.shown if shown[0] == PACKAGE})[pick % 3]
        if version in package.versions:
            if package.default != version:
                del package.versions[version]
        else:
            package.versions[version] = Version(created_at=now, updated_at=now, status="PUBLISHED")
