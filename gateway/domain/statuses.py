"""The neutral states of tasks, packages and executions. A vendor's exact word always travels beside them."""

from enum import StrEnum


class TaskStatus(StrEnum):
    """Where a task stands in its life. It says nothing of success: see TaskOutcome.

    No order may be assumed: AWS moves IN_PROGRESS back to SCHEDULED at the end of a maintenance window.
    """

    PREPARING = "PREPARING"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    READY = "READY"
    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    CANCELING = "CANCELING"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"
    DELETING = "DELETING"
    DELETED = "DELETED"
    UNKNOWN = "UNKNOWN"


class TaskOutcome(StrEnum):
    """How a task ended."""

    SUCCEEDED = "SUCCEEDED"
    PARTIALLY_SUCCEEDED = "PARTIALLY_SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    NO_DEVICES = "NO_DEVICES"
    UNDETERMINED = "UNDETERMINED"


class Source(StrEnum):
    """Whether the vendor said it or the gateway worked it out."""

    VENDOR = "VENDOR"
    DERIVED = "DERIVED"


class ExecutionStatus(StrEnum):
    """Where one device stands in one task."""

    SCHEDULED = "SCHEDULED"
    AWAITING_CONFIRMATION = "AWAITING_CONFIRMATION"
    QUEUED = "QUEUED"
    NOTIFIED = "NOTIFIED"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    RETRY_WAIT = "RETRY_WAIT"
    CANCELING = "CANCELING"
    SUCCEEDED = "SUCCEEDED"
    ALREADY_UP_TO_DATE = "ALREADY_UP_TO_DATE"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    REJECTED = "REJECTED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    CANCELED = "CANCELED"
    REMOVED = "REMOVED"
    UNKNOWN = "UNKNOWN"


TERMINAL_EXECUTION_STATUSES = frozenset(
    {
        ExecutionStatus.SUCCEEDED,
        ExecutionStatus.ALREADY_UP_TO_DATE,
        ExecutionStatus.FAILED,
        ExecutionStatus.TIMED_OUT,
        ExecutionStatus.REJECTED,
        ExecutionStatus.NOT_APPLICABLE,
        ExecutionStatus.CANCELED,
        ExecutionStatus.REMOVED,
    }
)


class ExecutionPhase(StrEnum):
    """What a device is busy with. Only inside IN_PROGRESS or PAUSED."""

    DOWNLOADING = "DOWNLOADING"
    DOWNLOADED = "DOWNLOADED"
    VERIFYING = "VERIFYING"
    INSTALLING = "INSTALLING"
    REBOOTING = "REBOOTING"
    COMMITTING = "COMMITTING"


class FailureReason(StrEnum):
    """Why a device failed, in neutral words; the vendor's code and text stand beside it."""

    DOWNLOAD = "DOWNLOAD"
    VERIFICATION = "VERIFICATION"
    INSTALLATION = "INSTALLATION"
    ROLLED_BACK = "ROLLED_BACK"
    TIMEOUT = "TIMEOUT"
    INCOMPATIBLE = "INCOMPATIBLE"
    DEVICE_REJECTED = "DEVICE_REJECTED"
    STORAGE = "STORAGE"
    UNREACHABLE = "UNREACHABLE"
    VENDOR = "VENDOR"
    UNKNOWN = "UNKNOWN"


class PackageKind(StrEnum):
    """What a package replaces on the device."""

    FIRMWARE = "FIRMWARE"
    SOFTWARE = "SOFTWARE"
    MODULE = "MODULE"
    OTHER = "OTHER"


class PackageStatus(StrEnum):
    """Whether a package may be rolled out."""

    DRAFT = "DRAFT"
    VERIFYING = "VERIFYING"
    AVAILABLE = "AVAILABLE"
    VERIFICATION_FAILED = "VERIFICATION_FAILED"
    DEPRECATED = "DEPRECATED"
    UNKNOWN = "UNKNOWN"


class CountUnit(StrEnum):
    """What a vendor's counters count."""

    DEVICES = "DEVICES"
    EXECUTIONS = "EXECUTIONS"
