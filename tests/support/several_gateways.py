"""Several gateways over the same simulated vendors and one Redis, each as a process of its own would hold it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gateway.settings import Settings
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway, served, simulated_gateway


@dataclass(frozen=True)
class Gateways:
    """Gateways side by side, and the vendors behind all of them."""

    each: tuple[SimulatedGateway, ...]
    backends: dict[str, SimulatedBackend]

    @property
    def calls(self) -> int:
        """How many requests all vendors have seen."""
        return sum(backend.calls for backend in self.backends.values())


@asynccontextmanager
async def several_gateways(
    folder: Path, redis_url: str, *, number: int = 2, **world: Mapping[str, Any] | Any
) -> AsyncIterator[Gateways]:
    """Serve them while the block runs. They share one ledger, as workers do; `world` is of `simulated_gateway`."""
    async with AsyncExitStack() as running:
        first = await running.enter_async_context(simulated_gateway(folder, **world))
        # It migrates the ledger; the others must not do so at the same time in one process.
        await first.ask("{ __typename }")
        settings = sharing(first.settings, redis_url)
        client = await running.enter_async_context(httpx.AsyncClient(timeout=60, trust_env=False))
        each = []
        for _ in range(number):
            url = await running.enter_async_context(served(settings))
            each.append(SimulatedGateway(first.backends, settings, url, client))
        yield Gateways(tuple(each), first.backends)


def sharing(settings: Settings, redis_url: str) -> Settings:
    """The same configuration with its cache in Redis."""
    return settings.model_copy(update={"cache": settings.cache.model_copy(update={"url": redis_url})})
