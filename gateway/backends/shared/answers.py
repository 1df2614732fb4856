"""Answers of one backend shared by processes: one reads, the others take what it read."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

from gateway.backends.cache import Answer
from gateway.backends.shared.codec import RowCodec, Undecodable, Unshareable
from gateway.backends.shared.epochs import SharedEpochs
from gateway.backends.shared.link import Away, RedisLink
from gateway.backends.shared.names import key, short
from gateway.domain.page import Page
from gateway.vendorkit.settings import Pace

Fetch = Callable[[Sequence[int]], Awaitable[Sequence[Any]]]

_LOOKED_AFTER = (0.005, 0.05)
# Above this, making rows of bytes would hold up everybody else.
_AT_ONCE_BYTES = 128 * 1024
_ROWS = 200
# What is good still (its time to live tells its age), or the turn to read it.
_OBTAIN = """
local found, missing = {}, false
for place = 1, #KEYS - 1 do
  local left = redis.call('PTTL', KEYS[place])
  local data = left >= tonumber(ARGV[3]) and redis.call('GET', KEYS[place])
  missing = missing or not data
  found[2 * place - 1] = data
  found[2 * place] = left
end
local turn = missing and redis.call('SET', KEYS[#KEYS], ARGV[1], 'NX', 'PX', ARGV[2])
return {turn and 1 or 0, found}
"""
_KEEP = """
for place = 1, #KEYS - 1 do
  redis.call('SET', KEYS[place], ARGV[2 + place], 'PX', ARGV[2])
end
if redis.call('GET', KEYS[#KEYS]) == ARGV[1] then redis.call('DEL', KEYS[#KEYS]) end
"""


@dataclass(frozen=True, slots=True)
class Had:
    """An answer, how many seconds ago it was had, and whether another process has read it."""

    answer: Answer[Any]
    age: float
    of_another: bool = False


class SharedAnswers:
    """What is kept is kept under the epoch in which reading it began."""

    def __init__(
        self, link: RedisLink, epochs: SharedEpochs, codec: RowCodec, pace: Pace, now: Callable[[], datetime]
    ) -> None:
        self._link = link
        self._epochs = epochs
        self._codec = codec
        self._soft = pace.cache_ttl.total_seconds()
        self._hard = max(pace.hard_ttl.total_seconds(), self._soft)
        # A reader that died is waited for no longer than leaves time to read oneself.
        self._waiting = pace.timeout.total_seconds() / 2
        self._now = now
        self._obtain = link.client.register_script(_OBTAIN)
        self._keep = link.client.register_script(_KEEP)

    async def read(self, keys: Sequence[str], fetch: Fetch, *, fresh: bool, max_age: float | None = None) -> list[Had]:
        """Answers from wherever they are. `fetch` is given the places of those that have to be read.

        None is older than `max_age` seconds. `fresh` reads all of them, and keeps them for the others. Raises what
        `fetch` does.
        """
        oldest = self._soft if max_age is None else min(self._soft, max_age)
        epoch = self._epochs.name() if self._soft > 0 else None
        if epoch is None:
            return await self._fetched(range(len(keys)), fetch)
        base = key(self._epochs.account, "answers", self._codec.version, epoch)
        names = [f"{base}:{short(one)}" for one in keys]
        turn = f"{base}:turn:{short('|'.join(keys))}"
        token = secrets.token_hex(8)
        found: list[Had | None] = [None] * len(keys)
        try:
            if not fresh:
                found = await self._found(names, turn, token, oldest)
            places = [place for place, had in enumerate(found) if had is None]
            read = await self._fetched(places, fetch) if places else []
        except BaseException:
            await asyncio.shield(self._kept([], turn, token))
            raise
        if read:
            kept = list(zip([names[place] for place in places], read, strict=True))
            await self._kept(kept, turn, token)
        fetched = iter(read)
        return [next(fetched) if had is None else had for had in found]

    async def _fetched(self, places: Sequence[int], fetch: Fetch) -> list[Had]:
        values = await fetch(places)
        at = self._now()
        return [Had(Answer(value, at), 0.0) for value in values]

    async def _found(self, names: Sequence[str], turn: str, token: str, oldest: float) -> list[Had | None]:
        """What others have; None for what is ours to read."""
        until = monotonic() + self._waiting
        pause, longest = _LOOKED_AFTER
        arguments: list[str | int] = [
            token,
            int(2000 * self._waiting) + 1000,
            max(1, int(1000 * (self._hard - oldest))),
        ]
        found: list[Had | None] = [None] * len(names)
        with suppress(Away):
            while True:
                ours, rows = await self._link.run(
                    lambda redis: self._obtain(keys=[*names, turn], args=arguments, client=redis)
                )
                found = [await self._had(rows[2 * place], rows[2 * place + 1], oldest) for place in range(len(names))]
                waiting = any(data is None for data in rows[::2])
                if ours or not waiting or monotonic() > until:
                    break
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
        return found

    async def _had(self, data: bytes | None, milliseconds_left: int, oldest: float) -> Had | None:
        if data is None:
            return None
        try:
            if len(data) > _AT_ONCE_BYTES:
                fetched_at, hard, value = await asyncio.to_thread(self._codec.read_answer, data)
            else:
                fetched_at, hard, value = self._codec.read_answer(data)
        except Undecodable as problem:
            self._link.strange(problem)
            return None
        age = max(0.0, hard - milliseconds_left / 1000)
        # Others may keep answers longer than we do.
        return Had(Answer(value, fetched_at), age, of_another=True) if age < oldest else None

    async def _kept(self, read: Sequence[tuple[str, Had]], turn: str, token: str) -> None:
        shared = []
        for name, had in read:
            value = had.answer.value
            encode = partial(self._codec.answer, had.answer.fetched_at, self._hard, value)
            with suppress(Unshareable):
                large = isinstance(value, Page | list) and len(value.rows if isinstance(value, Page) else value) > _ROWS
                shared.append((name, await asyncio.to_thread(encode) if large else encode()))
        keys = [*(name for name, _ in shared), turn]
        arguments: list[str | int | bytes] = [token, int(1000 * self._hard), *(data for _, data in shared)]
        with suppress(Away):
            await self._link.run(lambda redis: self._keep(keys=keys, args=arguments, client=redis))
