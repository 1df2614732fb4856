"""Tasks: campaigns that update many devices."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.backend import Backend
from gateway.domain.ids import ObjectId
from gateway.domain.package import NOTHING_LACKING, Package
from gateway.domain.statuses import CountUnit, ExecutionStatus, Source, TaskOutcome, TaskStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """How far, in percent from 0 to 100, and who says so."""

    percent: float
    source: Source


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many executions (or devices) stand at one status."""

    status: ExecutionStatus
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCounts:
    """A vendor's counters. `exact` is false when they were added up from parts that may have moved meanwhile."""

    total: int | None
    unit: CountUnit
    exact: bool
    by_status: tuple[StatusCount, ...]


@dataclass(slots=True)
class Task:
    """One task as its vendor described it.

    `lacks` names the attributes that this reading does not carry because it came from a list; they are None here and
    may be had by a single read. `package_ref` is the package where the vendor has packages of its own; `package` is
    set instead where the vendor shows it only inside the task. `other_package_refs` are further packages of the same
    task, which are in use as much as the first. `raw` is the vendor's own JSON of this object.

    Once handed on it does not change; `memo` is for what others make of it and keep with it.
    """

    ref: ObjectId
    id: str
    native_id: str
    name: str
    backend: Backend
    status: TaskStatus
    vendor_status: str
    observed_at: datetime
    fingerprint: str
    description: str | None = None
    outcome: TaskOutcome | None = None
    outcome_source: Source | None = None
    package_ref: ObjectId | None = None
    other_package_refs: tuple[ObjectId, ...] = ()
    package: Package | None = None
    progress: Progress | None = None
    execution_counts: ExecutionCounts | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    vendor_details: object | None = None
    raw: bytes | None = None
    lacks: frozenset[str] = NOTHING_LACKING
    memo: Any = field(default=None, init=False, repr=False, compare=False)
