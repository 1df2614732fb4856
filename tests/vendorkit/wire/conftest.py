"""Everything here runs on both event loops: asyncio's own, and uvloop, which `serve` uses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import httpx
import pytest
import uvloop

from gateway.vendorkit.http import OpenGate, SignedCall, VendorAnswer, VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def connections() -> AsyncIterator[KeptConnections]:
    async with KeptConnections() as kept:
        yield kept


@pytest.fixture
def send(connections: KeptConnections) -> Callable[..., object]:
    """Send one call through VendorHttp over `connections`."""

    async def sent(
        url: str,
        method: str = "GET",
        target: str = "/",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        write: bool = False,
        client: httpx.AsyncBaseTransport | httpx.AsyncClient = connections,
    ) -> VendorAnswer:
        async def signed() -> SignedCall:
            return SignedCall(method=method, target=target, headers=headers or {}, body=body)

        http = VendorHttp(backend="fleet", base_url=url, client=client, gate=OpenGate())
        return await http.send("Operate", signed, lambda answer: answer, write=write)

    return sent
