"""Calls: what one operation of the API costs a vendor, and the least that its documents allow.

Each vendor's table stands in `tests/vendors/<folder>/vendor_calls.py` as `CALLS`, by the names of OPERATIONS; an
operation that is not in it must cost nothing. The page docs/vendor-calls.md is made from these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TASKS, DEVICES_PER_TASK, ROWS, BULK = 12, 6, 5, 4
"""The fleet, and how many rows are asked for where an operation reads something for each."""

OPERATIONS = {
    "tasks": "`tasks`, one order over all",
    "tasks_streamed": "`tasks`, order `BACKEND`, one page",
    "tasks_described": f"`tasks`, order `BACKEND`, {ROWS} rows with every field",
    "tasks_with_executions": f"`tasks`, order `BACKEND`, {ROWS} rows with `executions`",
    "task": "`task`, `node`, an entity",
    "task_with_executions": "`task` with its `executions`",
    "executions_of_task": "`executions` of a task, one page",
    "executions_described": f"`executions` of a task, {BULK} rows with every field",
    "executions_of_device": "`executions` of a device",
    "executions_of_device_in_task": "`executions` of a device in a task",
    "execution": "`execution`, `node`, an entity",
    "executions_by_id": f"`nodes`: {BULK} executions of one task",
    "packages": "`packages`, one order over all",
    "packages_streamed": "`packages`, order `BACKEND`, one page",
    "packages_described": f"`packages`, order `BACKEND`, {ROWS} rows with every field",
    "package": "`package`, `node`, an entity",
    "package_used_by": "`package` with `usedBy`",
    "backends": "`backends`, `auditEntries`, `allowedOperations`",
    "createOtaTask": "`createOtaTask`",
    "updateOtaTask": "`updateOtaTask`",
    "confirmOtaTask": "`confirmOtaTask`, the whole task",
    "retryOtaTask": "`retryOtaTask`, the whole task",
    "cancelOtaTask": "`cancelOtaTask`",
    "cancelDeviceUpgrade": "`cancelDeviceUpgrade`, two devices of a task",
    "deleteJobExecution": "`deleteJobExecution`",
    "deleteOtaTask": "`deleteOtaTask`",
    "deleteOtaPackage": "`deleteOtaPackage`, no task uses it",
}


@dataclass(frozen=True)
class Calls:
    """Vendor calls by the vendor's own operation names. `least` counts what the vendor's documents allow at best,
    where that is fewer, and `why` says what the others are for. `grows` says with what the numbers grow.
    """

    made: Mapping[str, int]
    least: int | None = None
    why: str = ""
    grows: str = ""

    def __post_init__(self) -> None:
        if self.minimum > self.total or (self.minimum < self.total) != bool(self.why):
            raise ValueError(f"Say why {self.total} calls are made where {self.minimum} would do: {self.made}")

    @property
    def total(self) -> int:
        return sum(self.made.values())

    @property
    def minimum(self) -> int:
        return self.total if self.least is None else self.least
