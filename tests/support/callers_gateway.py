"""A served gateway that takes callers for whom a header says they are: what each may do is the question, not who."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from gateway.app import opened
from gateway.auth import ANYBODY, Principal, Rights
from gateway.plans import PlannedSchema
from gateway.schema.context import RequestContext
from gateway.schema.root import build_schema
from gateway.services.caller import Caller
from gateway.services.services import Services
from gateway.settings import Settings
from gateway.vendorkit.simulation.server import SimulatorServer
from gateway.vendorkit.sockets import listen
from gateway.web import create_web
from tests.support.simulated_gateway import SimulatedGateway

_HEADER = "x-test-caller"


@asynccontextmanager
async def gateway_for_callers(
    behind: SimulatedGateway, rights: Mapping[str, Rights]
) -> AsyncIterator[dict[str, SimulatedGateway]]:
    """Serve a second gateway over the same vendors and ledger while the block runs; gives a client for each caller."""
    listener = listen("127.0.0.1", 0)
    app = _application(behind.settings, {name: Principal(name=name, rights=one) for name, one in rights.items()})
    server = SimulatorServer(uvicorn.Config(app, lifespan="on", log_level="critical", access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield {name: Client.over(behind, url, {_HEADER: name}) for name in rights}
    finally:
        server.should_exit = True
        await serving
        listener.close()


class Client(SimulatedGateway):
    """A client that sends some headers with whatever it asks."""

    own: Mapping[str, str] = {}

    @classmethod
    def over(cls, behind: SimulatedGateway, url: str, own: Mapping[str, str]) -> SimulatedGateway:
        client = cls(behind.backends, behind.settings, url, behind.http)
        client.own = own
        return client

    async def answer(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> dict[str, Any]:
        return await super().answer(query, {**self.own, **(headers or {})}, **variables)


def _application(settings: Settings, principals: Mapping[str, Principal]) -> Starlette:
    held: list[Services] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with opened(settings) as services:
            held.append(services)
            yield {}

    def context(connection: HTTPConnection) -> RequestContext:
        name = connection.headers.get(_HEADER, "")
        fresh = "no-cache" in connection.headers.get("cache-control", "")
        principal = principals.get(name, replace(ANYBODY, rights=Rights()))
        return RequestContext(services=held[0], caller=Caller(principal=principal, fresh=fresh))

    return create_web(PlannedSchema(build_schema()), context, server=settings.server, lifespan=lifespan)
