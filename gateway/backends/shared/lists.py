"""Lists of one backend read whole, shared by processes: one reads, the others take what it read."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import uniform
from time import monotonic

from gateway.backends.shared.codec import RowCodec, Undecodable, Unshareable
from gateway.backends.shared.epochs import SharedEpochs
from gateway.backends.shared.leases import Lease, take
from gateway.backends.shared.link import Away, RedisLink
from gateway.backends.shared.names import key, short
from gateway.backends.shared.whole_list import Held, WholeList
from gateway.domain.ids import Kind

_LOOKED_EVERY = (0.05, 0.15)


@dataclass(frozen=True, slots=True)
class HadList:
    """A list that another process read, and how many seconds ago that ended."""

    whole: WholeList
    age: float


class Turn:
    """What others have of a list, or the turn to read it. Let go of it when done."""

    def __init__(
        self, link: RedisLink, codec: RowCodec, name: str, *, found: HadList | None = None, lease: Lease | None = None
    ) -> None:
        self.found = found
        self._link = link
        self._codec = codec
        self._name = name
        self._lease = lease

    async def tell(self, whole: WholeList) -> None:
        """Have the others take this. What is too large for them is only told to be."""
        if self._lease is None:
            return
        with suppress(Away):
            try:
                data = await asyncio.to_thread(self._codec.whole_list, whole)
            except Unshareable:
                large = WholeList(
                    held=Held.LARGE, fetched_at=whole.fetched_at, took=whole.took, hard=whole.hard, rows=[]
                )
                data = self._codec.whole_list(large)
            await self._link.run(lambda redis: redis.set(self._name, data, px=max(1, int(1000 * whole.hard))))

    async def let_go(self) -> None:
        """Let the next one read."""
        if self._lease is not None:
            await asyncio.shield(self._lease.let_go())


class SharedLists:
    """What is kept is kept under the epoch in which reading it began."""

    def __init__(self, link: RedisLink, epochs: SharedEpochs, codec: RowCodec) -> None:
        self._link = link
        self._epochs = epochs
        self._codec = codec

    async def turn(self, kind: Kind, what: str, *, fresh: bool, good_for: Callable[[WholeList], float]) -> Turn | None:
        """What others have of a list, or the turn to read it, waited for. None when there is nothing to share by.

        `what` names the filter. `good_for` says how many seconds a list is taken as it is. `fresh` takes only what
        another is reading now.
        """
        epoch = self._epochs.name((kind,))
        if epoch is None:
            return None
        name = key(self._epochs.account, "list", self._codec.version, epoch, kind, short(what))
        came = monotonic()
        try:
            while True:
                found = await self._found(name)
                if found is not None and found.age < (monotonic() - came if fresh else good_for(found.whole)):
                    # Too large to share: everybody reads on their own.
                    return None if found.whole.held is Held.LARGE else Turn(self._link, self._codec, name, found=found)
                lease = await take(self._link, f"{name}:turn")
                if lease is not None:
                    return Turn(self._link, self._codec, name, lease=lease)
                await asyncio.sleep(uniform(*_LOOKED_EVERY))  # noqa: S311 - to not meet again
        except Away:
            return None

    async def _found(self, name: str) -> HadList | None:
        async with self._link.client.pipeline(transaction=True) as pipeline:
            pipeline.pttl(name)
            pipeline.get(name)
            left, data = await self._link.run(lambda _: pipeline.execute())
        if data is None:
            return None
        try:
            whole = await asyncio.to_thread(self._codec.read_whole_list, data)
        except Undecodable as problem:
            self._link.strange(problem)
            return None
        return HadList(whole, max(0.0, whole.hard - left / 1000))
