"""The whole schema over services that answer from what a test put in them and write down what they were asked."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.backends.health import BackendHealth, HealthState
from gateway.domain.audit import AuditEntry
from gateway.domain.backend import Backend
from gateway.domain.device import device
from gateway.domain.errors import GatewayError
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId, encode
from gateway.domain.operations import Affordance, Capability, Operation, Support
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.domain.package import Package
from gateway.domain.statuses import ExecutionStatus, PackageKind, TaskStatus
from gateway.domain.task import Task
from gateway.schema.context import RequestContext
from gateway.schema.federation import FederatedSchema
from gateway.schema.root import build_schema
from gateway.services.caller import Caller, NotKept
from gateway.services.connection import BackendResult, BackendResultStatus, Connection
from gateway.vendorkit.discovery import installed_vendors

SEEN = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
LAB = Backend(
    name="lab",
    vendor=next(iter(installed_vendors().values())).vendor,
    region="eu-west-1",
    capabilities=(Capability(operation=Operation.LIST_TASKS, support=Support.NATIVE),),
)


def a_task(key: str = "t1", **members: Any) -> Task:
    ref = ObjectId(Kind.TASK, "lab", (key,), "1")
    members = {"name": key, "status": TaskStatus.IN_PROGRESS, "vendor_status": "IN_PROGRESS", **members}
    return Task(
        ref=ref, id=encode(ref), native_id=key, backend=LAB, observed_at=SEEN, fingerprint=f"f1.{key}.1", **members
    )


def a_package(key: str = "p1", **members: Any) -> Package:
    ref = ObjectId(Kind.PACKAGE, "lab", (key,))
    return Package(
        ref=ref,
        id=encode(ref),
        native_id=key,
        name=key,
        backend=LAB,
        kind=PackageKind.FIRMWARE,
        observed_at=SEEN,
        fingerprint=f"f1.{key}.",
        **members,
    )


def an_execution(key: str = "e1", **members: Any) -> Execution:
    ref = ObjectId(Kind.EXECUTION, "lab", (key, "t1"), "1")
    members = {"task_ref": a_task().ref, "status": ExecutionStatus.QUEUED, "vendor_status": "QUEUED", **members}
    return Execution(
        ref=ref,
        id=encode(ref),
        device=device(LAB, key),
        backend=LAB,
        observed_at=SEEN,
        fingerprint=f"f1.{key}.1",
        **members,
    )


def a_page(rows: Sequence[Any]) -> Connection[Any]:
    return Connection(
        nodes=rows,
        has_next_page=False,
        has_previous_page=False,
        cursor_at=lambda index: f"c{index}",
        backends=[BackendResult(name="lab", status=BackendResultStatus.OK, fetched_at=SEEN)],
    )


def _fetch(caller: Caller) -> None:
    """These services keep nothing."""
    if caller.kept_only:
        raise NotKept


@dataclass
class FakeServices:
    """`whole` holds, by id, objects as a single read shows them, or the error of reading them."""

    rows: list[Any] = field(default_factory=list)
    whole: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    result: MutationResult = field(default_factory=lambda: MutationResult(outcome=MutationOutcome.DONE))
    events: list[Any] = field(default_factory=list)
    listeners: int = 0

    def __post_init__(self) -> None:
        reads = SimpleNamespace(
            list=self._list,
            get=self._get,
            get_many=self._get_many,
            describe_many=self._describe_many,
            used_by=self._list,
            of_task=self._list,
            of_device=self._list,
        )
        self.tasks = self.packages = self.executions = self.audit = reads
        names = "create_task update_task confirm_task retry_task cancel_task delete_task delete_package"
        names += " cancel_devices delete_execution"
        self.mutations = SimpleNamespace(**{name: self._change(name) for name in names.split()})
        self.watching = SimpleNamespace(tasks=self._watch, executions=self._watch)

    async def _list(self, caller: Caller, *arguments: Any) -> Connection[Any]:
        _fetch(caller)
        self.asked.append(("list", *arguments))
        return a_page(self.rows)

    def _found(self, key: str) -> Any:
        return self.whole.get(key)

    async def _get(self, caller: Caller, ref: ObjectId | str) -> Any:
        _fetch(caller)
        self.asked.append(("get", str(ref)))
        found = self._found(str(ref))
        if isinstance(found, GatewayError):
            raise found
        return found

    async def _get_many(self, _caller: Caller, refs: Sequence[ObjectId]) -> list[Any]:
        self.asked.append(("get_many", *map(str, refs)))
        return [self._found(str(ref)) for ref in refs]

    async def _describe_many(self, _caller: Caller, rows: Sequence[Any]) -> list[Any]:
        self.asked.append(("describe_many", *(row.id for row in rows)))
        return [self._found(row.id) for row in rows]

    def _change(self, name: str) -> Callable[..., Any]:
        async def change(_caller: Caller, wanted: Any) -> MutationResult:
            self.asked.append((name, wanted))
            return self.result

        return change

    async def _watch(self, _caller: Caller, *what: Any) -> AsyncIterator[Any]:
        self.listeners += 1
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.listeners -= 1

    def backend_list(self, _caller: Caller) -> list[Backend]:
        return [LAB]

    def backend(self, _caller: Caller, name: str) -> Backend | None:
        return LAB if name == "lab" else None

    def health(self, _caller: Caller, backend: Backend) -> BackendHealth:
        return BackendHealth(
            state=HealthState.UP,
            since=SEEN,
            last_error=None,
            calls_last_minute=3,
            call_budget_per_second=10.0,
            latency_p50_ms=None,
        )

    def device(self, _caller: Caller, backend: str, name: str, product_key: str | None) -> Any:
        return device(replace(LAB, name=backend), name, product_key)

    def device_of(self, _caller: Caller, ref: ObjectId) -> Any:
        *product_key, name = ref.key
        return device(replace(LAB, name=ref.backend), name, product_key[0] if product_key else None)

    def check_raw(self, _caller: Caller, subject: Any) -> None:
        """Everybody may."""

    def allowed_operations(self, _caller: Caller, subject: Any) -> list[Affordance]:
        return [Affordance(operation=Operation.CANCEL_TASK, allowed=True)]


@pytest.fixture(scope="session")
def schema() -> FederatedSchema:
    return build_schema()


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@dataclass
class Answer:
    data: Any
    errors: list[Any]

    @property
    def causes(self) -> list[tuple[list[Any] | None, Exception | None]]:
        return [(error.path, error.original_error) for error in self.errors]


@pytest.fixture
def ask(schema: FederatedSchema, services: FakeServices) -> Callable[..., Any]:
    async def run(query: str, **variables: Any) -> Answer:
        context = RequestContext(services=services, caller=Caller())  # type: ignore[arg-type]
        result = await schema.execute(query, variable_values=variables, context_value=context)
        return Answer(result.data, list(result.errors or []))

    return run


@pytest.fixture
def make() -> SimpleNamespace:
    """Builders of domain objects, and what they have in common."""
    return SimpleNamespace(
        task=a_task, package=a_package, execution=an_execution, page=a_page, backend=LAB, seen=SEEN, entry=AuditEntry
    )
