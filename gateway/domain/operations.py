"""What can be asked of a backend, and how far its vendor goes along."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Operation(StrEnum):
    """Everything the gateway can ask of a backend; and READ_AUDIT, which it asks of its own ledger."""

    LIST_TASKS = "LIST_TASKS"
    LIST_PACKAGES = "LIST_PACKAGES"
    LIST_EXECUTIONS = "LIST_EXECUTIONS"
    LIST_DEVICE_EXECUTIONS = "LIST_DEVICE_EXECUTIONS"
    CREATE_TASK = "CREATE_TASK"
    UPDATE_TASK = "UPDATE_TASK"
    CONFIRM_TASK = "CONFIRM_TASK"
    RETRY_TASK = "RETRY_TASK"
    CANCEL_TASK = "CANCEL_TASK"
    DELETE_TASK = "DELETE_TASK"
    DELETE_PACKAGE = "DELETE_PACKAGE"
    CANCEL_EXECUTION = "CANCEL_EXECUTION"
    DELETE_EXECUTION = "DELETE_EXECUTION"
    READ_AUDIT = "READ_AUDIT"


BACKEND_OPERATIONS: Final = tuple(operation for operation in Operation if operation is not Operation.READ_AUDIT)
"""What a vendor has, or has not."""


class Support(StrEnum):
    """NATIVE: the vendor has it. PARTIAL: with the limits its note names. NONE: refused before any call."""

    NATIVE = "NATIVE"
    PARTIAL = "PARTIAL"
    NONE = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """How a vendor supports one operation. `max_targets` is per vendor call; `alternatives` go with a refusal."""

    operation: Operation
    support: Support
    force: bool = False
    max_targets: int | None = None
    note: str | None = None
    alternatives: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Affordance:
    """Whether an operation would be accepted on an object now, and why not. `needs_force`: only with `force: true`."""

    operation: Operation
    allowed: bool
    needs_force: bool = False
    reason: str | None = None
