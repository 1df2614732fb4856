"""What callers ask for, decoded from whichever face they used, not yet checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.statuses import ExecutionStatus, PackageKind, TaskStatus


class TaskOrderField(StrEnum):
    """CREATED_AT, UPDATED_AT and NAME: one order over all backends. BACKEND: each backend's own, one after another."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NAME = "NAME"
    BACKEND = "BACKEND"


class PackageOrderField(StrEnum):
    """As for tasks; packages carry no common time of change."""

    CREATED_AT = "CREATED_AT"
    NAME = "NAME"
    BACKEND = "BACKEND"


class Direction(StrEnum):
    """Nulls come last in both."""

    ASC = "ASC"
    DESC = "DESC"


class ErrorPolicy(StrEnum):
    """ALL_OR_NOTHING is a check before the first call, not a transaction."""

    CONTINUE = "CONTINUE"
    STOP_ON_FIRST = "STOP_ON_FIRST"
    ALL_OR_NOTHING = "ALL_OR_NOTHING"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks. `text` is looked for, ignoring case, in name and, where the list has it, description."""

    backends: Sequence[str] | None = None
    vendors: Sequence[str] | None = None
    status: Sequence[TaskStatus] | None = None
    text: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrder:
    """The order of a task list."""

    field: TaskOrderField = TaskOrderField.CREATED_AT
    direction: Direction = Direction.DESC


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFilter:
    """Which packages."""

    backends: Sequence[str] | None = None
    vendors: Sequence[str] | None = None
    kind: Sequence[PackageKind] | None = None
    text: str | None = None
    product_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOrder:
    """The order of a package list."""

    field: PackageOrderField = PackageOrderField.CREATED_AT
    direction: Direction = Direction.DESC


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRef:
    """A device by its native names."""

    backend: str
    name: str
    product_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions: of a task, of a device, or of a device in a task. At least one of the two."""

    task_id: str | None = None
    device: DeviceRef | None = None
    status: Sequence[ExecutionStatus] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What every change carries. `reason` goes into the audit; `dry_run` fills a preview and changes nothing."""

    reason: str | None = None
    idempotency_key: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask(Change):
    """A new task; which members count depends on the vendor."""

    backend: str
    targets: Sequence[str]
    name: str | None = None
    description: str | None = None
    package_id: str | None = None
    product_key: str | None = None
    document: str | None = None
    s3_url: str | None = None
    task_configuration_id: str | None = None
    scheduled_at: datetime | None = None
    vendor_options: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTask(Change):
    """New description or configuration of a task; at least one of the two."""

    id: str
    description: str | None = None
    task_configuration_id: str | None = None
    expected_fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseExecutions(Change):
    """Confirm or retry: some executions of a task, or all of it when none is named."""

    id: str
    execution_ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyObject(Change):
    """Cancel or delete one object by its id. `expected_fingerprint`: only if it is still the one that was seen."""

    id: str
    force: bool = False
    expected_fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRef:
    """An execution as AWS IoT names it."""

    backend: str
    thing_name: str
    job_id: str
    execution_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteExecution(Change):
    """Exactly one of `id` and `execution`."""

    id: str | None = None
    execution: ExecutionRef | None = None
    force: bool = False
    expected_fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesRef:
    """Devices by name. Exactly one of `task_id` and `package_id`; the latter needs `all_tasks`."""

    device_names: Sequence[str]
    task_id: str | None = None
    package_id: str | None = None
    product_key: str | None = None
    all_tasks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDevices(Change):
    """Exactly one of `execution_ids` and `devices`."""

    execution_ids: Sequence[str] | None = None
    devices: DevicesRef | None = None
    force: bool = False
    error_policy: ErrorPolicy = ErrorPolicy.CONTINUE
