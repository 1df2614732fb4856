"""The stack around real calls of every installed vendor: what is tried again, what health shows, and who is spared."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, simulated_gateway

TASKS = """{ list: tasks(first: 5, orderBy: { field: BACKEND, direction: ASC }) {
  nodes { id } backends { name status error { code message } } } }"""
HEALTH = """query Health($name: String!) { backend(name: $name) { health {
  state circuit circuitOpenUntil callsUnderWay callsWaiting callsLastMinute retriesLastMinute throttledLastMinute
  lastError { code message } } } }"""
# Nothing is kept, so that every question reaches the vendor.
PACE = {"cache_ttl": "0s"}
VENDORS = list(installed_vendors())


@pytest.fixture(params=VENDORS)
async def gateway(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=[request.param], pace=PACE) as running:
        yield running


@pytest.fixture
def backend(gateway: SimulatedGateway) -> SimulatedBackend:
    return next(iter(gateway.backends.values()))


async def status(gateway: SimulatedGateway) -> str:
    (result,) = (await gateway.ask(TASKS))["list"]["backends"]
    found: str = result["status"]
    return found


async def health(gateway: SimulatedGateway, backend: SimulatedBackend) -> dict[str, Any]:
    found: dict[str, Any] = (await gateway.ask(HEALTH, name=backend.name))["backend"]["health"]
    return found


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "cut", "html"])
async def test_a_read_survives_two_faults_in_a_row(
    gateway: SimulatedGateway, backend: SimulatedBackend, kind: str
) -> None:
    assert await status(gateway) == "OK"
    usual = backend.calls
    backend.fail(kind, times=2)
    assert await status(gateway) == "OK"
    assert backend.calls == 2 * usual + 2
    shown = await health(gateway, backend)
    assert (shown["state"], shown["circuit"], shown["lastError"]) == ("UP", "CLOSED", None)
    assert (shown["callsLastMinute"], shown["retriesLastMinute"]) == (2 * usual + 2, 2)
    assert shown["throttledLastMinute"] == (2 if kind == "throttle" else 0)
    assert (shown["callsUnderWay"], shown["callsWaiting"]) == (0, 0)


async def test_a_dead_vendor_is_left_alone_until_a_probe_finds_it_back(
    gateway: SimulatedGateway, backend: SimulatedBackend
) -> None:
    assert await status(gateway) == "OK"
    backend.fail("error")
    while (shown := await health(gateway, backend))["circuit"] == "CLOSED":
        assert await status(gateway) == "FAILED"
    assert (shown["circuit"], shown["lastError"]["code"]) == ("OPEN", "BACKEND_UNAVAILABLE")
    assert shown["state"] in {"DEGRADED", "DOWN"}
    assert shown["circuitOpenUntil"] is not None
    # What was the matter, and not that it is left alone.
    assert "got no answer" in shown["lastError"]["message"]

    calls = backend.calls
    (result,) = (await gateway.ask(TASKS))["list"]["backends"]
    assert (result["status"], result["error"]["code"]) == ("FAILED", "BACKEND_UNAVAILABLE")
    assert "is not asked for" in result["error"]["message"]
    assert backend.calls == calls

    backend.faults.rules.clear()
    async with asyncio.timeout(20):
        while await status(gateway) != "OK":
            assert (await health(gateway, backend))["circuit"] in {"OPEN", "HALF_OPEN"}
    shown = await health(gateway, backend)
    assert (shown["state"], shown["circuit"], shown["circuitOpenUntil"]) == ("UP", "CLOSED", None)
