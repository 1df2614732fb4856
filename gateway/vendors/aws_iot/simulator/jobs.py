"""Jobs and the moves between their states: SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED, DELETION_IN_PROGRESS, gone."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.vendorkit.simulation.device_course import NEVER
from gateway.vendorkit.simulation.rollout import Rollout


@dataclass(slots=True, kw_only=True)
class Job:
    """One job. `order` is its place among jobs of its status. Times are epoch seconds; `starts_at` is when its rollout
    begins, `busy_until` until when it is still cancelling executions, `gone_at` when its deletion ends.
    """

    job_id: str
    order: int
    created_at: float
    starts_at: float
    rollout: Rollout
    selection: str = "SNAPSHOT"
    things: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    document: str = "{}"
    document_source: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    members: dict[str, Any] = field(default_factory=dict)
    updated_at: float | None = None
    completed_at: float | None = None
    canceled_at: float | None = None
    force_canceled: bool = False
    busy_until: float = 0.0
    gone_at: float | None = None

    def status(self, now: float) -> str:
        """The state at that moment. A snapshot job that is complete stays so."""
        if self.gone_at is not None:
            return "DELETION_IN_PROGRESS"
        if self.canceled_at is not None:
            return "CANCELED"
        if self.completed_at is not None:
            return "COMPLETED"
        if now < self.starts_at:
            return "SCHEDULED"
        if self.selection == "SNAPSHOT" and (settled := self.rollout.settles_at()) <= now:
            self.completed_at = max(settled, self.starts_at, self.created_at)
            return "COMPLETED"
        return "IN_PROGRESS"

    def next_move(self, now: float) -> float:
        """When its status changes by itself next."""
        match self.status(now):
            case "SCHEDULED":
                return self.starts_at
            case "IN_PROGRESS" if self.selection == "SNAPSHOT":
                return self.rollout.settles_at()
        return NEVER

    def last_updated_at(self, now: float) -> float:
        """The latest of its changes."""
        self.status(now)
        moments = (self.created_at, self.starts_at, self.updated_at, self.completed_at, self.canceled_at)
        return max(moment for moment in moments if moment is not None and moment <= now)

    def rolled_out(self, now: float) -> bool:
        """Whether executions exist already."""
        return now >= self.starts_at

    def cancel(self, now: float, *, force: bool, takes: float) -> None:
        """Cancel it; executions follow `takes` seconds later."""
        self.canceled_at = self.canceled_at or now
        self.force_canceled = self.force_canceled or force
        self.busy_until = now + takes
        self.rollout.cancel(self.busy_until, force=force)


class Jobs:
    """All jobs, listed by status. Inside a status the order is the jobs' own, which promises nothing about time."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._deleting: dict[str, Job] = {}
        self._listing: list[tuple[str, int, Job]] = []
        self._listed_until = -NEVER

    def all(self, now: float) -> list[Job]:
        """Every job that is not gone, in no order."""
        self._bury(now)
        return list(self._jobs.values())

    def find(self, job_id: str, now: float) -> Job | None:
        """The job, unless it is gone."""
        self._bury(now)
        return self._jobs.get(job_id)

    def add(self, job: Job) -> None:
        """Take a new job in."""
        self._jobs[job.job_id] = job
        self.changed()

    def changed(self) -> None:
        """Say that some job's status was changed from outside."""
        self._listed_until = -NEVER

    def deleting(self, now: float) -> int:
        """How many deletions are under way."""
        self._bury(now)
        return len(self._deleting)

    def delete(self, job: Job, gone_at: float) -> None:
        """Begin a deletion."""
        job.gone_at = gone_at
        self._deleting[job.job_id] = job
        self.changed()

    def walk(self, after: tuple[str, int] | None, status: str | None, now: float) -> Iterator[tuple[str, Job]]:
        """Jobs with their statuses in listing order, from behind a place on, of one status or of all."""
        self._bury(now)
        if not now < self._listed_until:
            self._listing = sorted(((job.status(now), job.order, job) for job in self._jobs.values()), key=_place)
            self._listed_until = min((job.next_move(now) for job in self._jobs.values()), default=NEVER)
        first = bisect_left(self._listing, status, key=lambda row: row[0]) if status else 0
        last = bisect_right(self._listing, status, key=lambda row: row[0]) if status else len(self._listing)
        if after is not None:
            first = max(first, bisect_right(self._listing, after, key=_place))
        for row in range(first, last):
            yield self._listing[row][0], self._listing[row][2]

    def _bury(self, now: float) -> None:
        for job in [job for job in self._deleting.values() if job.gone_at is not None and job.gone_at <= now]:
            del self._deleting[job.job_id]
            del self._jobs[job.job_id]
            self.changed()


def _place(row: tuple[str, int, Job]) -> tuple[str, int]:
    return row[0], row[1]
