"""Executions: one device's part in one task."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.backend import Backend
from gateway.domain.device import Device
from gateway.domain.ids import ObjectId
from gateway.domain.package import NOTHING_LACKING
from gateway.domain.statuses import ExecutionPhase, ExecutionStatus, FailureReason
from gateway.domain.task import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a device failed. The vendor's code and text are carried as they came."""

    reason: FailureReason
    vendor_code: str | None = None
    vendor_message: str | None = None


@dataclass(slots=True, kw_only=True)
class Execution:
    """One execution as its vendor described it.

    `task_ref` has an empty generation where only the task's key is known. `version` is the vendor's own counter of
    changes (AWS versionNumber), used to close a cancel against races; None where the vendor has none or the list
    does not carry it.
    """

    ref: ObjectId
    id: str
    task_ref: ObjectId | None
    device: Device
    backend: Backend
    status: ExecutionStatus
    vendor_status: str
    observed_at: datetime
    fingerprint: str
    phase: ExecutionPhase | None = None
    attempt: int | None = None
    progress: Progress | None = None
    failure: Failure | None = None
    version: int | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    raw: bytes | None = None
    lacks: frozenset[str] = NOTHING_LACKING
    memo: Any = field(default=None, init=False, repr=False, compare=False)
