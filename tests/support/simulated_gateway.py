"""The gateway as it is served, over real HTTP, in front of the simulators of whichever vendors are installed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import uvicorn
import yaml

from gateway.app import build_app
from gateway.observability.tracing import Tracing
from gateway.services.mutations.recovery import RecoveryPauses
from gateway.settings import Settings, parse
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import SimulatorServer, serving
from gateway.vendorkit.simulation.simulator import Simulator
from gateway.vendorkit.sockets import listen

SECRET = "a secret that signs cursors in tests"
# Nothing moves by itself, so that what a test read is still so when it acts on it.
STILL = {"quotas": False, "speed": 0.0, "deletion_seconds": 0.0}
ERRORS = """errors { __typename code message target
  ... on OtaInvalidInput { path rule }
  ... on OtaInvalidState { needsForce vendorStatus }
  ... on OtaGenerationChanged { expected found }
  ... on OtaInUse { usedBy complete } }"""
CHANGES = {
    "createOtaTask": "CreateOtaTaskInput",
    "updateOtaTask": "UpdateOtaTaskInput",
    "confirmOtaTask": "ConfirmOtaTaskInput",
    "retryOtaTask": "RetryOtaTaskInput",
    "cancelOtaTask": "CancelOtaTaskInput",
    "deleteOtaTask": "DeleteOtaTaskInput",
    "deleteOtaPackage": "DeleteOtaPackageInput",
    "cancelDeviceUpgrade": "CancelDeviceUpgradeInput",
    "deleteJobExecution": "DeleteJobExecutionInput",
}
_RESULTS = """results { target deviceName outcome statusBefore vendorStatusBefore
  execution { id status vendorStatus } error { __typename code message } }
  summary { requested done refused failed unknown }"""
_TAKES_NO_OUTCOME = "cancelDeviceUpgrade"
_SHOWS_TASK = ("createOtaTask", "updateOtaTask", "confirmOtaTask", "retryOtaTask", "cancelOtaTask")


@dataclass(slots=True)
class SimulatedBackend:
    """One backend of the gateway under test, and the simulated vendor behind it."""

    manifest: VendorManifest
    name: str
    simulator: Simulator
    faults: FaultPlan
    url: str

    @property
    def calls(self) -> int:
        """How many requests the vendor has seen."""
        return sum(self.simulator.calls.values())

    def called(self, operation: str) -> int:
        """How many requests of one operation the vendor has seen."""
        return self.simulator.calls.get(operation, 0)

    def fail(self, kind: FaultKind | str, operation: str | None = None, **members: Any) -> None:
        """Have a fault happen from here on."""
        self.faults.rules.append(FaultRule(fault=FaultKind(kind), operation=operation, **members))


@dataclass(slots=True)
class SimulatedGateway:
    """A client of the served gateway."""

    backends: dict[str, SimulatedBackend]
    settings: Settings
    url: str
    http: httpx.AsyncClient = field(repr=False)

    @property
    def calls(self) -> int:
        """How many requests all vendors have seen."""
        return sum(backend.calls for backend in self.backends.values())

    async def answer(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> dict[str, Any]:
        """The whole GraphQL answer."""
        response = await self.http.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, headers=headers
        )
        answer: dict[str, Any] = response.json()
        return answer

    async def ask(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.answer(query, headers, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def error_codes(self, query: str, **variables: Any) -> list[str]:
        """The codes of an answer's top-level errors."""
        answer = await self.answer(query, **variables)
        return [error["extensions"]["code"] for error in answer.get("errors", ())]

    async def change(self, name: str, /, *, show: str = "", **members: Any) -> dict[str, Any]:
        """Carry out a mutation and give its payload."""
        outcome = "" if name == _TAKES_NO_OUTCOME else "outcome"
        more = _RESULTS if name == _TAKES_NO_OUTCOME else "deletedId" if name.startswith("delete") else ""
        task = "task { id status vendorStatus description fingerprint }" if name in _SHOWS_TASK else ""
        data = await self.ask(
            f"""mutation Change($input: {CHANGES[name]}!) {{ change: {name}(input: $input) {{
              {outcome} {more} {task} auditEntryId {ERRORS} {show}
              preview {{ affected sideEffects wouldRefuse {{ __typename code message }} }} }} }}""",
            input=members,
        )
        payload: dict[str, Any] = data["change"]
        return payload

    async def audited(self, entry_id: str) -> dict[str, Any]:
        """An audit entry by its id."""
        data = await self.ask(
            """query Entry($id: ID!) { node(id: $id) { ... on OtaAuditEntry { state operation outcome targets reason
              before after vendorRequestIds errors { code } } } }""",
            id=entry_id,
        )
        entry: dict[str, Any] = data["node"]
        return entry


@asynccontextmanager
async def simulated_gateway(
    folder: Path,
    *,
    only: Sequence[str] | None = None,
    fleet: Mapping[str, Any] | None = None,
    pace: Mapping[str, Any] | None = None,
    backends: Mapping[str, Mapping[str, Any]] | None = None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    recovering: RecoveryPauses | None = None,
    tracing: Tracing | None = None,
) -> AsyncIterator[SimulatedGateway]:
    """Serve the gateway over simulators while the block runs; its ledger is a file in `folder`.

    `only` names the vendors (default: all that are installed), `fleet` holds members of SimulatorOptions, `pace` what
    stands under `defaults`, `backends` by slug what a backend's section holds besides, which wins, and `sections` what
    other sections of the configuration hold, such as `auth`. `recovering` is how long recovery waits.
    """
    chosen = {slug: one for slug, one in installed_vendors().items() if only is None or slug in only}
    if only is not None and len(chosen) < len(only):
        # A vendor that was taken out takes along what only it can show.
        pytest.skip(f"needs {', '.join(only)}")
    planned = [_options(fleet or {}, place, len(chosen)) for place in range(len(chosen))]
    simulators = [one.simulator(options) for one, options in zip(chosen.values(), planned, strict=True)]
    simulated = {}
    listed = []
    async with AsyncExitStack() as running:
        urls = await running.enter_async_context(_all_served(simulators))
        for (slug, manifest), options, simulator, url in zip(chosen.items(), planned, simulators, urls, strict=True):
            name = f"lab-{slug}"
            simulated[slug] = SimulatedBackend(manifest, name, simulator, options.faults, url)
            section = {"name": name, "vendor": slug, "endpoint": url, **manifest.demo_settings(url)}
            listed.append(section | dict((backends or {}).get(slug, {})))
        settings = gateway_settings(folder, listed, pace or {}, sections or {})
        url = await running.enter_async_context(served(settings, recovering=recovering, tracing=tracing))
        client = await running.enter_async_context(httpx.AsyncClient(timeout=60, trust_env=False))
        yield SimulatedGateway(simulated, settings, url, client)


@asynccontextmanager
async def _all_served(simulators: Sequence[Simulator]) -> AsyncIterator[list[str]]:
    """Serve simulators while the block runs; they end at once, as each takes its time to."""
    servers = [serving(simulator) for simulator in simulators]
    urls = [await server.__aenter__() for server in servers]
    try:
        yield urls
    finally:
        await asyncio.gather(*(server.__aexit__(None, None, None) for server in servers))


def gateway_settings(
    folder: Path,
    backends: Sequence[Mapping[str, Any]],
    pace: Mapping[str, Any],
    sections: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Settings:
    """A configuration as an operator would write it."""
    document = {
        **sections,
        "server": {"cursor_secret": SECRET, **sections.get("server", {})},
        "ledger": {"url": f"sqlite+aiosqlite:///{folder / 'ledger.db'}"},
        "defaults": {"calls_per_second": 5000, **pace},
        "backends": [dict(section) for section in backends],
    }
    return parse(yaml.safe_dump(document), {})


@asynccontextmanager
async def served(
    settings: Settings, *, recovering: RecoveryPauses | None = None, tracing: Tracing | None = None
) -> AsyncIterator[str]:
    """Serve the application on a free port while the block runs; gives its base URL."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        build_app(settings, recovering=recovering, tracing=tracing),
        lifespan="on",
        log_level="critical",
        access_log=False,
    )
    server = SimulatorServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


def _options(fleet: Mapping[str, Any], place: int, vendors: int) -> SimulatorOptions:
    members = {**STILL, "seed": place, "faults": FaultPlan(), **fleet}
    spacing = members.get(
        "task_spacing", next(one.default for one in fields(SimulatorOptions) if one.name == "task_spacing")
    )
    return SimulatorOptions(**{"creation_offset": place * spacing / vendors, **members})
