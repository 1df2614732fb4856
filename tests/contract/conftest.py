"""Every test here is asked of each installed vendor alone: its simulator behind the served gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.app import build_stack
from gateway.backends.stack import BackendStack
from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, simulated_gateway


@pytest.fixture(params=sorted(installed_vendors()))
def slug(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def gateway(slug: str, tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=[slug]) as running:
        yield running


@pytest.fixture
def backend(gateway: SimulatedGateway, slug: str) -> SimulatedBackend:
    return gateway.backends[slug]


@pytest.fixture
async def stack(gateway: SimulatedGateway) -> AsyncIterator[BackendStack]:
    """The backend's stack, built beside the served gateway from the same configuration."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        stack = build_stack(gateway.settings.backends[0], client)
        yield stack
        await stack.adapter.aclose()
