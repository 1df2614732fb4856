"""A world to try changes in: one watched vendor, and two replicas of the gateway over it that share what replicas do.

The simulator, the adapter, the stack, the services and the schema are the real ones; only sockets are left out. What
the network does to a call is done here, on its way.
"""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import orjson
import yaml

from gateway.app import build_stack, sharing_by
from gateway.backends.registry import BackendRegistry
from gateway.domain.operations import Operation, Support
from gateway.ledger import Ledger
from gateway.plans import PlannedSchema
from gateway.plans.leaves import ENCODING
from gateway.schema.context import RequestContext
from gateway.services.caller import Caller
from gateway.services.services import Services
from gateway.settings import Settings, parse
from gateway.vendorkit.calls import SignedCall, VendorAnswer
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from tests.support.states.beings import CHANGE, VendorClock, WatchedFleet

_VENDORS = Path(__file__).parents[2] / "vendors"
_URL = "https://vendor.test"
_CALL_SECONDS = 0.003


def watched_vendors() -> list[str]:
    """The vendors that can be watched, by slug."""
    return [slug for slug in sorted(installed_vendors()) if _watched_file(slug).exists()]


def _watched_file(slug: str) -> Path:
    return _VENDORS / slug.replace("-", "_") / "watched.py"


def _watched_class(slug: str) -> type[WatchedFleet]:
    spec = importlib.util.spec_from_file_location(f"watched_{slug.replace('-', '_')}", _watched_file(slug))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type[WatchedFleet] = module.Watched
    return found


@dataclass(slots=True)
class Hold:
    """Where a change waits, before its `calls`th vendor call, until `release` is set, or for some seconds: the one that
    would set it may itself wait for this change.
    """

    calls: int
    seconds: float = 0.03
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


class Wire:
    """Carries calls to the simulator. The answer of the next write is lost when `lose_next_write` says so."""

    def __init__(self, simulator: Any, clock: VendorClock, fleet: WatchedFleet) -> None:
        self._simulator = simulator
        self._clock = clock
        self._fleet = fleet
        self.lose_next_write = False
        self.holds: dict[int, Hold] = {}

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """As vendorkit's Carrier says."""
        hold = self.holds.get(CHANGE.get() or -1)
        if hold is not None:
            hold.calls -= 1
            if hold.calls == 0:
                hold.reached.set()
                await asyncio.wait({asyncio.ensure_future(hold.release.wait())}, timeout=hold.seconds)
        self._clock.pass_by(_CALL_SECONDS)
        await asyncio.sleep(0)
        written = len(self._fleet.written)
        answer = await self._answer(base_url, call)
        if self.lose_next_write and len(self._fleet.written) > written:
            self.lose_next_write = False
            raise httpx.ReadError("the answer was lost")
        return answer

    async def _answer(self, base_url: str, call: SignedCall) -> VendorAnswer:
        path, _, query = call.target.partition("?")
        headers = call.all_headers(httpx.URL(base_url).netloc.decode())
        scope = {
            "type": "http",
            "method": call.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": call.body or b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        try:
            await self._simulator(scope, receive, send)
        except ConnectionResetError as problem:
            raise httpx.RemoteProtocolError(str(problem)) from None
        raw = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        return VendorAnswer(status=sent[0]["status"], headers=httpx.Headers(raw), body=sent[1]["body"])


@dataclass(slots=True)
class Laboratory:
    """What is made once for many worlds: the schema, one ledger opened twice, and where a Redis is."""

    schema: PlannedSchema
    ledgers: tuple[Ledger, Ledger]
    redis_url: str
    worlds: int = 0
    own: str = field(default_factory=lambda: token_hex(3))


class World:
    """One vendor and its two replicas. Each world has a backend name of its own, so that none meets another's past."""

    def __init__(self, laboratory: Laboratory, slug: str, *, shared: bool, cache_ttl: str) -> None:
        laboratory.worlds += 1
        self.name = f"world-{laboratory.own}-{laboratory.worlds}"
        self.slug = slug
        self.shared = shared
        self._laboratory = laboratory
        manifest = installed_vendors()[slug]
        self.vendor = manifest
        self.clock = VendorClock()
        self.faults = FaultPlan()
        options = SimulatorOptions(
            tasks=6, devices_per_task=3, speed=0.0, quotas=False, deletion_seconds=0.0, faults=self.faults,
            now=self.clock, seed=1,
        )  # fmt: skip
        simulator = manifest.simulator(options)
        self.fleet = _watched_class(slug)(simulator, self.clock)
        self.wire = Wire(simulator, self.clock, self.fleet)
        self._settings = self._configuration(cache_ttl)
        self._replicas: list[tuple[Services, AsyncExitStack] | None] = [None, None]
        self.changes = 0

    def _configuration(self, cache_ttl: str) -> Settings:
        section = {**self.vendor.demo_settings(_URL), "name": self.name, "vendor": self.slug, "endpoint": _URL}
        pace = {"calls_per_second": 100_000, "cache_ttl": cache_ttl, "timeout": "5s", "attempt_timeout": "5s"}
        return parse(yaml.safe_dump({"defaults": pace, "backends": [section]}), {})

    async def _started(self, place: int) -> Services:
        resources = AsyncExitStack()
        sharing = sharing_by(self._laboratory.redis_url if self.shared else "memory://", 2)
        stack = build_stack(self._settings.backends[0], self.wire, sharing)
        if sharing is not None:
            await resources.enter_async_context(sharing.following())
        resources.push_async_callback(stack.adapter.aclose)
        services = Services(BackendRegistry([stack]), self._laboratory.ledgers[place], cursor_secret=b"of all replicas")
        resources.push_async_callback(services.aclose)
        self._replicas[place] = services, resources
        return services

    async def restart(self, place: int) -> None:
        """End a replica as it ends by itself, changes finished; it starts again when it is asked next."""
        running = self._replicas[place]
        self._replicas[place] = None
        if running is not None:
            await running[1].aclose()

    async def aclose(self) -> None:
        """End both."""
        for place in range(2):
            await self.restart(place)

    def supported(self) -> frozenset[Operation]:
        """What the vendor can do at all."""
        return frozenset(one.operation for one in self.vendor.capabilities if one.support is not Support.NONE)

    async def ask(
        self, place: int, query: str, variables: Mapping[str, Any] | None = None, *, fresh: bool = False
    ) -> dict[str, Any]:
        """What a replica answers; without data only when it could not understand the question."""
        running = self._replicas[place]
        services = await self._started(place) if running is None else running[0]
        context = RequestContext(services=services, caller=Caller(fresh=fresh))
        result = self._laboratory.schema.begin(query, variable_values=dict(variables or {}), context_value=context)
        result = result if not hasattr(result, "__await__") else await result
        assert result.data is not None, result.errors
        # Some of it may be printed already.
        data: dict[str, Any] = orjson.loads(orjson.dumps(result.data, option=ENCODING))
        return data

    def fail(self, kind: FaultKind, *, after: int = 0, operation: str | None = None) -> None:
        """Have one call of the vendor's fail, after so many more."""
        self.faults.rules.append(FaultRule(fault=kind, operation=operation, times=1, after=after, seconds=0.0))


@asynccontextmanager
async def laboratory(folder: Path, schema: PlannedSchema, redis_url: str) -> AsyncIterator[Laboratory]:
    """Open while the block runs. The ledger is an SQLite file in `folder`."""
    url = f"sqlite+aiosqlite:///{folder / 'ledger.db'}"
    first = await Ledger.open(url)
    second = await Ledger.open(url)
    try:
        yield Laboratory(schema, (first, second), redis_url)
    finally:
        await first.aclose()
        await second.aclose()
