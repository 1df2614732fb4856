"""A gateway over all simulated vendors, of which one can be made faulty: by its simulator, or by the network to it.

The faulty one has little time, the others have plenty, so that a busy machine makes nobody fail but it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
from starlette.types import Message, Receive, Scope, Send

from gateway.domain.page import PageRequest
from gateway.domain.ports import VendorAdapter
from gateway.vendorkit.calls import VendorAnswer
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.kept_connections import KeptConnections
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.simulation.faults import FaultPlan
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendorkit.simulation.simulator import Simulator
from tests.support.fed_adapter import adapter_over
from tests.support.mangling import mangled
from tests.support.simulated_gateway import STILL, gateway_settings, served
from tests.support.tcp_proxy import TcpProxy, tcp_proxy

PLAIN = {"timeout": "900ms", "attempt_timeout": "300ms", "drain_timeout": "900ms", "cache_ttl": "0s", "retries": 0}
PATIENT = {"timeout": "30s", "attempt_timeout": "30s", "drain_timeout": "30s", "cache_ttl": "0s"}
FLEET = {"tasks": 6, "devices_per_task": 2}


@dataclass(slots=True)
class Replaceable:
    """A simulated vendor that another one can take the place of; `under_way` counts what it is answering.

    While `mangling` is set, one answer in three goes out mangled; `mangled` counts them.
    """

    manifest: VendorManifest
    faults: FaultPlan = field(default_factory=FaultPlan)
    under_way: int = 0
    mangling: Random | None = None
    mangled: int = 0
    simulator: Simulator = field(init=False)
    _quiet: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._quiet.set()
        self.replace(0)

    @property
    def calls(self) -> dict[str, int]:
        """As Simulator says."""
        return self.simulator.calls

    def replace(self, seed: int) -> None:
        """Put a fresh fleet there."""
        self.faults = FaultPlan()
        self.simulator = self.manifest.simulator(
            SimulatorOptions(**{**STILL, **FLEET, "seed": seed, "faults": self.faults})
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Simulator says."""
        self.under_way += 1
        self._quiet.clear()
        try:
            if self.mangling is None or self.mangling.random() > 1 / 3:
                await self.simulator(scope, receive, send)
            else:
                await self._answer_mangled(self.mangling, scope, receive, send)
        finally:
            self.under_way -= 1
            if not self.under_way:
                self._quiet.set()

    async def _answer_mangled(self, random: Random, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self.simulator(scope, receive, keep)
        headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in said[1:])
        answer = mangled(VendorAnswer(status=said[0]["status"], headers=headers, body=body), random)
        self.mangled += 1
        # What HTTP itself does not allow is the network's to spoil: see TcpProxy.
        status = min(max(answer.status, 200), 599)
        body = b"" if status in {204, 304} else answer.body
        fitting = {
            name: value.encode("latin-1", "replace")[:8000]
            for name, value in answer.headers.items()
            if name != "content-length" and value.isprintable()
        }
        raw = [(name.encode(), value) for name, value in fitting.items()]
        raw += [] if status in {204, 304} else [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    async def quiet(self) -> None:
        """Wait until nothing is being answered, however late."""
        await self._quiet.wait()


@dataclass(slots=True)
class FaultyWorld:
    """`vendor` is the faulty one, `name` its backend's. `direct` reads its fleet past the gateway and the proxy."""

    slug: str
    name: str
    vendor: Replaceable
    proxy: TcpProxy
    direct: VendorAdapter
    url: str
    http: httpx.AsyncClient
    seed: int = 0

    async def post(self, query: str, **variables: Any) -> httpx.Response:
        """One GraphQL request."""
        return await self.http.post(f"{self.url}/graphql", json={"query": query, "variables": variables})

    async def renew(self) -> None:
        """A fresh fleet, whose ids were never seen here."""
        self.seed += 1
        self.vendor.replace(self.seed)
        await self.recover()

    async def recover(self) -> None:
        """End every fault, and wait until the gateway reaches the vendor again: its circuit may be open."""
        self.vendor.mangling = None
        self.vendor.faults.rules.clear()
        await self.proxy.end()
        await self.vendor.quiet()
        query = "query Q($names: [String!]) { tasks(first: 1, orderBy: {field: BACKEND}, filter: {backends: $names}) "
        query += "{ backends { status } } }"
        async with asyncio.timeout(60):
            while True:
                answer = (await self.post(query, names=[self.name])).json()
                if answer["data"]["tasks"]["backends"][0]["status"] == "OK":
                    return
                await asyncio.sleep(0.2)

    async def fleet(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Everything the vendor holds, by kind and key, and what tells each apart from what it was before."""
        await self.vendor.quiet()
        held: dict[tuple[str, ...], tuple[str, ...]] = {}
        for task in await _all(self.direct.list_tasks):
            whole = await self.direct.get_task(task.ref)
            if whole is None:
                continue
            held["task", *whole.ref.key] = (whole.ref.generation, whole.vendor_status, str(whole.description))
            for one in (await self.direct.list_executions(task.ref, None, PageRequest(50))).rows:
                held["execution", *one.ref.key] = (one.ref.generation, one.vendor_status, *task.ref.key)
        if _lists_packages(self.vendor.manifest):
            for package in await _all(self.direct.list_packages):
                held["package", *package.ref.key] = (package.ref.generation, str(package.vendor_status))
        return held


async def _all(listing: Any) -> list[Any]:
    rows, after = [], None
    while True:
        page = await listing(PageRequest(50, after))
        rows += page.rows
        if page.next is None:
            return rows
        after = page.next


def _lists_packages(manifest: VendorManifest) -> bool:
    return next(one for one in manifest.capabilities if one.operation == "LIST_PACKAGES").support != "NONE"


@asynccontextmanager
async def faulty_world(slug: str, folder: Path, pace: Mapping[str, Any]) -> AsyncIterator[FaultyWorld]:
    """The world in which `slug` may fail, while the block runs. `pace` is that backend's."""
    async with AsyncExitStack() as running:
        sections, vendor, proxy = [], None, None
        for other, manifest in installed_vendors().items():
            simulator = Replaceable(manifest)
            url = await running.enter_async_context(serving(simulator))
            if other == slug:
                proxy, vendor, direct_url = await running.enter_async_context(tcp_proxy(url)), simulator, url
                url = proxy.url
            own = pace if other == slug else PATIENT
            sections.append(
                {"name": f"lab-{other}", "vendor": other, "endpoint": url, **manifest.demo_settings(url), **own}
            )
        assert vendor is not None
        assert proxy is not None
        client = await running.enter_async_context(httpx.AsyncClient(timeout=60, trust_env=False))
        carrier = await running.enter_async_context(KeptConnections())
        direct = adapter_over(slug, carrier, direct_url, folder)
        url = await running.enter_async_context(served(gateway_settings(folder, sections, {})))
        yield FaultyWorld(slug, f"lab-{slug}", vendor, proxy, direct, url, client)
