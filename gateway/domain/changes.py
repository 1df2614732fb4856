"""What a change asks for, and what a vendor answered to it."""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.errors import GatewayError
from gateway.domain.ids import ObjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A task to be created. `targets` are device names, ids or group ARNs, as the vendor names them."""

    targets: tuple[str, ...]
    name: str | None = None
    description: str | None = None
    package: ObjectId | None = None
    product_key: str | None = None
    document: str | None = None
    s3_url: str | None = None
    task_configuration_id: str | None = None
    scheduled_at: datetime | None = None
    vendor_options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """What to change in a task; None leaves a member as it is."""

    description: str | None = None
    task_configuration_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A vendor's plain yes. `request_ids` are the vendor's, for the audit."""

    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A vendor's yes to a new task, with the native id it goes by."""

    native_id: str
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetReceipts:
    """A vendor's answer to a call over several devices.

    `refused` holds, by device name, what the vendor said no to. A device that is not in it was accepted, as far as
    the vendor tells: only reading back says what became of it.
    """

    refused: dict[str, GatewayError] = field(default_factory=dict)
    request_ids: tuple[str, ...] = ()
