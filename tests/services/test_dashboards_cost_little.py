"""A thousand dashboards that poll the same lists cost each vendor what one does: a read per list and soft age."""

import asyncio
from pathlib import Path
from time import monotonic

from gateway.app import opened
from gateway.services.caller import Caller
from gateway.services.inputs import PackageFilter, PackageOrder, TaskFilter, TaskOrder, TaskOrderField
from gateway.services.services import Services
from tests.support.simulated_gateway import simulated_gateway

DASHBOARDS = 1000
POLLS = 6
SOFT = 1.0


async def poll(services: Services) -> None:
    """The four lists of a dashboard, as one request asks for them."""
    caller = Caller()
    await asyncio.gather(
        services.tasks.list(caller, 25, None, TaskFilter(), TaskOrder()),
        services.tasks.list(caller, 25, None, TaskFilter(text="a"), TaskOrder()),
        services.tasks.list(caller, 25, None, TaskFilter(), TaskOrder(field=TaskOrderField.BACKEND)),
        services.packages.list(caller, 25, None, PackageFilter(), PackageOrder()),
    )


async def test_a_thousand_dashboards_cost_one_read_of_each_list_per_soft_age(tmp_path: Path) -> None:
    async with simulated_gateway(tmp_path, pace={"cache_ttl": f"{SOFT}s"}) as gateway:
        folder = tmp_path / "own"
        folder.mkdir()
        ledger = {"url": f"sqlite+aiosqlite:///{folder / 'ledger.db'}"}
        settings = gateway.settings.model_copy(update={"ledger": gateway.settings.ledger.model_copy(update=ledger)})
        # The served gateway has started: only one at a time may migrate its ledger in a process.
        await gateway.ask("{ __typename }")
        async with opened(settings) as services:
            await poll(services)
            once = {slug: backend.calls for slug, backend in gateway.backends.items()}
            started = monotonic()

            async def dashboard(place: int) -> None:
                await asyncio.sleep(place / DASHBOARDS)
                for _ in range(POLLS):
                    await poll(services)
                    await asyncio.sleep(1)

            await asyncio.gather(*(dashboard(place) for place in range(DASHBOARDS)))
            reads = 1 + (monotonic() - started) / SOFT
            assert reads >= POLLS
            for slug, backend in gateway.backends.items():
                assert once[slug] < backend.calls <= once[slug] * reads, slug
