"""Whatever is kept, renewed, joined or cut short: who asks after a change has ended sees it, or something younger."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from gateway.backends.shelf import SnapshotShelf
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError
from gateway.domain.ids import Kind
from gateway.domain.page import Page, PageRequest
from tests.support.lone_backend import Row, lone_stack, now, row

ACTIONS = 400


class Moving:
    """A vendor with one object whose version a change raises; it answers in its own time, and fails now and then."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.version = 0

    async def object(self) -> int:
        await self._time()
        version = self.version
        await self._time()
        if self.random.random() < 0.1:
            raise BackendUnavailable("It is gone.")
        return version

    async def page(self, _: PageRequest) -> Page[Row]:
        return Page([row(1, await self.object())])

    async def _time(self) -> None:
        await asyncio.sleep(self.random.choice((0, 0, 0.001, 0.003)))


class World:
    """Readers and changers of one backend. `settled` is the version after the last change that has ended."""

    def __init__(self, random: Random, stack: BackendStack) -> None:
        self.random, self.stack = random, stack
        self.vendor = Moving(random)
        self.shelf: SnapshotShelf[Row] = SnapshotShelf(
            stack, self.vendor.page, kind=Kind.TASK, page_size=10, what="tasks", now=now
        )
        self.settled = 0
        self.seen = 0

    async def read(self) -> None:
        least = self.settled
        kept = self.stack.peek("key")
        answer = kept or await self.stack.read("key", self.vendor.object, fresh=self.random.random() < 0.1)
        self._sees(answer.value, least)

    async def list(self) -> None:
        least = self.settled
        kept = self.shelf.ready(filter_key="", narrowed=False)
        snapshot = kept or await self.shelf.get(
            filter_key="", keep=lambda _: True, narrowed=False, fresh=self.random.random() < 0.1
        )
        self._sees(next(iter(snapshot.rows.values())).version, least)

    async def change(self) -> None:
        async with self.stack.changing(Kind.TASK):
            await asyncio.sleep(self.random.choice((0, 0.002)))
            self.vendor.version += 1
            await asyncio.sleep(self.random.choice((0, 0.002)))
        if self.random.random() < 0.7:
            self.shelf.put(row(1, self.vendor.version))
        else:
            self.shelf.forget()
        self.settled = self.vendor.version

    def _sees(self, version: int, least: int) -> None:
        assert version >= least, f"version {version} after the change to {least} had ended"
        self.seen += 1


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shared", [True, False])
async def test_a_change_that_has_ended_is_seen_by_all_who_ask_after_it(seed: int, shared: bool) -> None:
    random = Random(seed)
    ages = {"cache_ttl": timedelta(seconds=0.004), "cache_hard_ttl": timedelta(seconds=0.02)}
    world = World(random, lone_stack(single_flight=shared, **ages))
    asking: list[asyncio.Task[None]] = []
    for _ in range(ACTIONS):
        action = random.choices((world.read, world.list, world.change), (10, 10, 1))[0]
        asking.append(asyncio.create_task(action()))
        if random.random() < 0.1 and action != world.change:
            asking[-1].cancel()
        await asyncio.sleep(random.choice((0, 0, 0, 0.001)))
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    await world.shelf.aclose()
    await world.stack.aclose()
    strange = [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, GatewayError)]
    assert [one for one in strange if not isinstance(one, asyncio.CancelledError)] == []
    assert world.seen > ACTIONS / 2
    assert world.settled > 5
