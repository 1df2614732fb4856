"""Objects as plain data, for the audit: what was there before, and what was read afterwards."""

from datetime import datetime
from typing import Any

from gateway.domain.execution import Execution
from gateway.domain.package import Package
from gateway.domain.task import Task


def plain(subject: Task | Package | Execution | None) -> dict[str, Any] | None:
    """What identifies an object and shows its state; never its raw payload, which may hold more than was asked for."""
    if subject is None:
        return None
    data: dict[str, Any] = {
        "id": subject.id,
        "backend": subject.backend.name,
        "key": list(subject.ref.key),
        "status": None if subject.status is None else subject.status.value,
        "vendorStatus": subject.vendor_status,
        "fingerprint": subject.fingerprint,
        "observedAt": _text(subject.observed_at),
    }
    if isinstance(subject, Execution):
        data |= {"deviceName": subject.device.name, "attempt": subject.attempt, "queuedAt": _text(subject.queued_at)}
    else:
        data |= {"name": subject.name, "description": subject.description, "createdAt": _text(subject.created_at)}
    if isinstance(subject, Package):
        data["version"] = subject.version
    return data


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
