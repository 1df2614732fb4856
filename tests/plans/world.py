"""World: the gateway's real application over backends that stand still, put together as gateway/app.py does it.

Only what moves by itself is replaced: the vendors by StillAdapter, health by a reading that does not change, and the
clocks. Two worlds that begin alike and are asked the same therefore differ in nothing but how operations are answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.requests import HTTPConnection

from gateway.backends.health import BackendHealth, HealthRecord, HealthState
from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.backend import Backend
from gateway.domain.errors import (
    BackendUnavailable,
    GatewayError,
    OutcomeUnknown,
    Throttled,
    TimedOut,
    VendorRejected,
)
from gateway.ledger import Ledger
from gateway.schema.context import RequestContext
from gateway.services.caller import Caller
from gateway.services.services import Services
from gateway.settings import ServerSettings
from gateway.vendorkit.settings import Pace
from gateway.web import create_web
from gateway.web.schema_port import GraphQLSchemaPort
from tests.plans import rows
from tests.plans.still_adapter import Shelf, StillAdapter

SECRET = b"a secret that signs cursors in tests"
_PAGE_SIZE = 5
# Far beyond what anything here takes: no deadline runs out on a busy machine.
_PATIENT = timedelta(minutes=10)


class StillHealth(HealthRecord):
    """Health that does not follow the reads: in which order concurrent reads end is nobody's promise."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(calls_per_second=10, now=lambda: rows.SEEN)
        self._backend = backend

    def reading(self) -> BackendHealth:
        down = self._backend is rows.DEAD
        return BackendHealth(
            state=HealthState.DOWN if down else HealthState.UP,
            since=rows.SEEN if down else None,
            last_error=_dead() if down else None,
            calls_last_minute=3,
            call_budget_per_second=10.0 if down else 0.5,
            latency_p50_ms=None if down else 12.345,
        )


def _dead() -> GatewayError:
    return BackendUnavailable("Nobody answers.", backend=rows.DEAD.name)


def _rejected() -> GatewayError:
    return VendorRejected(
        "The vendor said no.", http_status=403, vendor_code="NO", vendor_message="no \N{SNOWMAN}", request_id="r-0"
    )


def _bug() -> Exception:
    return RuntimeError("the password is hunter2")


def _gone() -> None:
    return None


_FAULTS: dict[str, dict[tuple[str, str], Callable[[], BaseException | None]]] = {
    rows.WHOLE.name: {
        ("get_task", "t5"): lambda: TimedOut("Too slow.", backend=rows.WHOLE.name),
        ("list_executions", "t7"): _rejected,
        ("update_task", "t3"): lambda: OutcomeUnknown("Lost.", check_after_seconds=5, request_id="r-8"),
        ("cancel_task", "t4"): lambda: Throttled("Slow down.", retry_after_seconds=1.5),
        ("create_task", "rejected"): _rejected,
        ("delete_task", "t6"): _rejected,
        ("delete_package", "p2"): lambda: OutcomeUnknown("Lost."),
    },
    rows.LACKING.name: {
        ("get_task", "t1"): lambda: BackendUnavailable("Not now."),
        ("get_task", "t2"): _gone,
        ("get_task", "t4"): _rejected,
        ("get_task", "t7"): lambda: Throttled("Slow down.", retry_after_seconds=2.5),
        ("get_package", "p1"): _rejected,
        ("get_package", "p2"): _gone,
        ("get_execution", "t3"): lambda: BackendUnavailable("Not now."),
        ("get_execution", "t4"): _gone,
    },
    rows.DEAD.name: {("", ""): _dead},
    rows.BARE.name: {("get_task", "t3"): _gone, ("list_executions", "t2"): _bug},
    rows.ODD.name: {
        ("get_task", "t5"): _bug,
        ("get_execution", "t0"): _bug,
        ("list_executions", "t1"): _bug,
        ("list_device_executions", "d1"): _bug,
        ("get_package", "falls"): _bug,
        ("get_package", "p1"): lambda: Throttled("Slow down."),
    },
}


def _shelves() -> dict[str, Shelf]:
    shelves = {one.name: Shelf(faults=_FAULTS[one.name], lacking=one is rows.LACKING) for one in rows.BACKENDS}
    of_packages: dict[str, list[Any]] = {one.name: [] for one in rows.BACKENDS}
    of_tasks: dict[str, list[Any]] = {one.name: [] for one in rows.BACKENDS}
    for package in rows.packages():
        of_packages[package.backend.name].append(package)
        shelves[package.backend.name].packages[package.ref.key] = package
    for task in rows.tasks(of_packages):
        of_tasks[task.backend.name].append(task)
        shelves[task.backend.name].tasks[task.ref.key] = task
    for execution in rows.executions(of_tasks):
        shelves[execution.backend.name].executions[execution.ref.key] = execution
    return shelves


SHELVES = _shelves()


class Ticking:
    """A clock that moves on a second each time it is read."""

    def __init__(self) -> None:
        self._moment = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._moment += timedelta(seconds=1)
        return self._moment


def _stack(place: int, backend: Backend, shelf: Shelf) -> BackendStack:
    # Every other backend's answers are kept, so that both what is read and what is remembered comes up.
    keeping = timedelta(hours=1) if place % 2 == 0 else timedelta(0)
    return BackendStack(
        adapter=StillAdapter(backend, shelf),
        manifest=replace(
            rows.MANIFESTS[place % len(rows.MANIFESTS)],
            task_page_size=_PAGE_SIZE,
            package_page_size=_PAGE_SIZE,
            execution_page_size=_PAGE_SIZE,
        ),
        pace=Pace(timeout=_PATIENT, attempt_timeout=_PATIENT, cache_ttl=keeping),
        health=StillHealth(backend),
        now=lambda: rows.SEEN,
    )


@dataclass(slots=True)
class World:
    """One application. Its ledger belongs to whoever gave it."""

    client: httpx.AsyncClient
    ledger: Ledger
    services: Services

    @classmethod
    def over(cls, schema: GraphQLSchemaPort, ledger: Ledger) -> "World":
        """The application that answers with this schema."""
        world: World

        def context(connection: HTTPConnection) -> RequestContext:
            return RequestContext(services=world.services, caller=Caller())

        app = create_web(schema, context, server=ServerSettings())
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        world = cls(client, ledger, _services(ledger))
        return world

    async def begin_anew(self, ledger: Ledger | None = None) -> None:
        """Forget what was read and changed; go on with another ledger, if one is given."""
        await self.services.aclose()
        self.ledger = ledger or self.ledger
        self.services = _services(self.ledger)

    async def aclose(self) -> None:
        """Let go of it; the ledger stays open."""
        await self.services.aclose()
        await self.client.aclose()


def _services(ledger: Ledger) -> Services:
    stacks = [_stack(place, one, SHELVES[one.name].copy()) for place, one in enumerate(rows.BACKENDS)]
    return Services(BackendRegistry(stacks), ledger, cursor_secret=SECRET, now=lambda: rows.SEEN)
