"""Watching over a vendor in memory, on a clock that skips the waits: an hour of looks takes a moment."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from gateway.backends.call_gate import BackendGate
from gateway.backends.health import HealthRecord
from gateway.backends.rate_limit import CallBudget
from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.backend import Backend
from gateway.domain.device import device
from gateway.domain.errors import GatewayError, NotFound, TimedOut
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId, encode
from gateway.domain.operations import Capability, Operation, Support
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus, TaskStatus
from gateway.domain.task import Task
from gateway.services.caller import Caller
from gateway.services.cursors import CursorKey
from gateway.services.executions import ExecutionReads
from gateway.services.seen_backends import SeenBackends
from gateway.services.shelves import Shelves
from gateway.services.tasks import TaskReads
from gateway.services.watching import Watching, WatchPace
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.settings import Pace
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden
from tests.support.skipped_time import in_skipped_time

Clock = Callable[[], float]
PAGE = 10
LAB = Backend(
    name="lab",
    vendor="LAB",
    region=None,
    read_only=False,
    capabilities=(
        Capability(operation=Operation.LIST_TASKS, support=Support.NATIVE),
        Capability(operation=Operation.LIST_EXECUTIONS, support=Support.NATIVE),
    ),
)


def now() -> datetime:
    return datetime.now(UTC)


def a_ref(name: str) -> ObjectId:
    return ObjectId(Kind.TASK, "lab", (name,), "1")


@dataclass
class _Call:
    """One call to the vendor."""

    vendor: "WatchedVendor"
    name: str
    operation: str = "Look"
    write: bool = False
    answer: Any = None

    async def attempt(self) -> None:
        self.vendor.calls.append((self.vendor.clock(), self.name))
        await asyncio.sleep(0.05)
        if self.vendor.failing is not None:
            raise self.vendor.failing

    def too_late(self) -> GatewayError:
        return TimedOut("It took too long.")


class WatchedVendor(UnsupportedUnlessOverridden):
    """Tasks and executions by name. `calls` are (moment, name of the task)."""

    def __init__(self, clock: Clock, gate: BackendGate) -> None:
        super().__init__(LAB)
        self.clock = clock
        self.gate = gate
        self.tasks: dict[str, Task] = {}
        self.executions: dict[str, Execution] = {}
        self.calls: list[tuple[float, str]] = []
        self.failing: GatewayError | None = None
        self.calls_a_task = 1

    def put(self, name: str, description: str = "", status: TaskStatus = TaskStatus.IN_PROGRESS) -> ObjectId:
        """Have the task be like this."""
        ref = a_ref(name)
        self.tasks[name] = Task(
            ref=ref, id=encode(ref), native_id=name, name=name, backend=LAB, status=status, vendor_status=status.value,
            observed_at=now(), fingerprint="f", description=description,
        )  # fmt: skip
        return ref

    def put_execution(self, name: str, status: ExecutionStatus = ExecutionStatus.QUEUED) -> str:
        """Have an execution of any task be like this; gives its id."""
        ref = ObjectId(Kind.EXECUTION, "lab", (name, "t"), "1")
        self.executions[name] = Execution(
            ref=ref, id=encode(ref), task_ref=None, device=device(LAB, name), backend=LAB, status=status,
            vendor_status=status.value, observed_at=now(), fingerprint="f",
        )  # fmt: skip
        return encode(ref)

    async def get_task(self, ref: ObjectId) -> Task | None:
        for _ in range(self.calls_a_task):
            await self.gate.carry(_Call(self, ref.key[0]))
        return self.tasks.get(ref.key[0])

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        await self.gate.carry(_Call(self, task.key[0]))
        if task.key[0] not in self.tasks:
            raise NotFound("There is no such task.")
        rows = list(self.executions.values())
        start = int(page.after or 0)
        end = start + page.size
        return Page(rows[start:end], str(end) if end < len(rows) else None)

    def check_key(self, ref: ObjectId) -> None:
        """Every name is good."""


@dataclass
class Heard:
    """What one listener was told. `error` is how its stream ended, if by one; `ended` that it did."""

    events: list[Any] = field(default_factory=list)
    error: GatewayError | None = None
    ended: bool = False


@dataclass
class WatchedWorld:
    """The vendor, and watching it."""

    clock: Clock
    vendor: WatchedVendor
    stack: BackendStack
    watching: Watching

    @asynccontextmanager
    async def listening(self, *refs: ObjectId, executions: bool = False, fresh: bool = False) -> AsyncIterator[Heard]:
        """Somebody listens while the block runs."""
        heard = Heard()
        caller = Caller(fresh=fresh)
        stream = self.watching.executions(caller, refs[0]) if executions else self.watching.tasks(caller, refs)

        async def listen() -> None:
            try:
                async for event in stream:
                    heard.events.append(event)
                heard.ended = True
            except GatewayError as error:
                heard.error = error
            finally:
                await stream.aclose()

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def moments(self, since: float) -> list[float]:
        """When the vendor was asked."""
        return [at for at, _ in self.vendor.calls if at >= since]


def watched(
    main: Callable[[WatchedWorld], Coroutine[Any, Any, None]], *, pace: WatchPace | None = None, **around: Any
) -> None:
    """Run `main` in such a world, in skipped time. `around` is of Pace."""

    async def run(clock: Clock) -> None:
        # What is kept ages by another clock.
        settings = Pace(**{"cache_ttl": "0s", **around})
        health = HealthRecord(calls_per_second=settings.calls_per_second, now=now)
        budget = CallBudget(settings.calls_per_second, clock)
        vendor = WatchedVendor(clock, BackendGate("lab", budget, settings, health, now=now, seconds=clock))
        manifest = replace(next(iter(installed_vendors().values())), execution_page_size=PAGE)
        adapter: Any = vendor
        stack = BackendStack(adapter=adapter, manifest=manifest, pace=settings, health=health, now=now)
        registry = BackendRegistry([stack])
        denials: Any = None
        backends, cursors = SeenBackends(registry, denials), CursorKey(b"a secret of sixteen")
        tasks = TaskReads(backends, Shelves(registry, now), cursors)
        watching = Watching(
            registry,
            backends,
            tasks,
            ExecutionReads(backends, cursors),
            pace or WatchPace(),
            seconds=clock,
            clock=clock,
        )
        before = asyncio.all_tasks()
        await main(WatchedWorld(clock, vendor, stack, watching))
        await watching.aclose()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == before

    in_skipped_time(run)
