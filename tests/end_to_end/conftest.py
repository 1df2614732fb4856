"""All installed vendors together, simulated, behind the served gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path) as running:
        yield running
