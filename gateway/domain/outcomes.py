"""What became of a change: the answer of a mutation, in the form that is audited, stored for replay, and shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.errors import GatewayError
from gateway.domain.execution import Execution
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task


class MutationOutcome(StrEnum):
    """DONE: read back and seen. REQUESTED: accepted, it takes its time. UNKNOWN: sent, and no answer came."""

    DONE = "DONE"
    REQUESTED = "REQUESTED"
    ALREADY_DONE = "ALREADY_DONE"
    ALREADY_DELETED = "ALREADY_DELETED"
    PREVIEWED = "PREVIEWED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a change would do. `affected` holds ids of what it would touch."""

    affected: Sequence[str] = ()
    would_refuse: Sequence[GatewayError] = ()
    side_effects: Sequence[str] = ()


@dataclass(slots=True, kw_only=True)
class TargetResult:
    """What became of one target, `target` being the id or device name as it was given.

    `execution` is what was read back; `execution_id` alone is set when the result was replayed from the ledger.
    """

    target: str
    outcome: MutationOutcome
    device_name: str | None = None
    execution: Execution | None = None
    execution_id: str | None = None
    status_before: ExecutionStatus | None = None
    vendor_status_before: str | None = None
    error: GatewayError | None = None


@dataclass(slots=True, kw_only=True)
class MutationResult:
    """The whole answer. `task_id` names the task to show; `task` is it as read back, absent in a replay."""

    outcome: MutationOutcome
    task: Task | None = None
    task_id: str | None = None
    deleted_id: str | None = None
    results: list[TargetResult] = field(default_factory=list)
    preview: Preview | None = None
    errors: list[GatewayError] = field(default_factory=list)
    audit_entry_id: str | None = None
