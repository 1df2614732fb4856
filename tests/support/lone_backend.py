"""One backend's stack and shelf over a vendor that a test answers for by hand."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from gateway.backends.health import HealthRecord
from gateway.backends.shelf import SnapshotShelf
from gateway.backends.stack import BackendStack
from gateway.domain.backend import Backend
from gateway.domain.errors import BackendUnavailable, GatewayError
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import Page, PageRequest
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import Pace


def now() -> datetime:
    return datetime.now(UTC)


def lone_stack(**pace: Any) -> BackendStack:
    """A stack whose adapter is not asked: tests hand their reads to it themselves."""
    backend = Backend(name="lab", vendor="LAB", region=None, read_only=False, capabilities=())
    manifest = next(iter(installed_vendors().values()))
    adapter: Any = SimpleNamespace(backend=backend)
    health = HealthRecord(calls_per_second=10, now=now)
    return BackendStack(adapter=adapter, manifest=manifest, pace=Pace(**pace), health=health, now=now)


@dataclass(frozen=True)
class Row:
    """A row as lists know it."""

    ref: ObjectId
    version: int = 0

    @property
    def id(self) -> str:
        return str(self.ref)


def row(number: int, version: int = 0) -> Row:
    return Row(ObjectId(Kind.TASK, "lab", (str(number),), ""), version)


@dataclass
class HandVendor:
    """Counts its calls; answers at once, or when it is let, with the number of the call or with pages of rows."""

    calls: int = 0
    under_way: int = 0
    cancelled: int = 0
    failing: GatewayError | None = None
    rows: Sequence[Row] = field(default_factory=lambda: [row(1)])
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def call(self) -> int:
        """Answer with the number of this call."""
        self.calls += 1
        number = self.calls
        self.under_way += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
        if self.failing is not None:
            raise self.failing
        return number

    async def page(self, request: PageRequest) -> Page[Row]:
        """One page of the rows, as they stand when the call comes."""
        rows = list(self.rows)
        await self.call()
        start = int(request.after or 0)
        end = start + request.size
        return Page(rows[start:end], str(end) if end < len(rows) else None)

    def fail(self) -> None:
        """Fail from here on."""
        self.failing = BackendUnavailable("It is gone.")

    def hold(self) -> None:
        """Answer no more until `may_answer` is set."""
        self.may_answer.clear()


def lone_shelf(vendor: HandVendor, stack: BackendStack, page_size: int = 100) -> SnapshotShelf[Row]:
    return SnapshotShelf(stack, vendor.page, kind=Kind.TASK, page_size=page_size, what="tasks", now=now)


async def settled() -> None:
    """Let what is ready to run do so."""
    for _ in range(20):
        await asyncio.sleep(0)
