"""Packages: what is installed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.backend import Backend
from gateway.domain.ids import ObjectId
from gateway.domain.statuses import PackageKind, PackageStatus

NOTHING_LACKING: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Package:
    """One package as its vendor described it.

    `lacks` names the attributes that this reading does not carry because it came from a list; they are None here and
    may be had by a single read. `raw` is the vendor's own JSON of this object.

    Once handed on it does not change; `memo` is for what others make of it and keep with it.
    """

    ref: ObjectId
    id: str
    native_id: str
    name: str
    backend: Backend
    kind: PackageKind
    observed_at: datetime
    fingerprint: str
    version: str | None = None
    status: PackageStatus | None = None
    vendor_status: str | None = None
    description: str | None = None
    size_bytes: float | None = None
    checksum: str | None = None
    product_key: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    vendor_details: object | None = None
    raw: bytes | None = None
    lacks: frozenset[str] = NOTHING_LACKING
    memo: Any = field(default=None, init=False, repr=False, compare=False)
