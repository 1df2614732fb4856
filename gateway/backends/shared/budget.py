"""The call budget of a vendor account over all processes: one token bucket in Redis, by the server's clock."""

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import suppress

from gateway.backends.rate_limit import CallBudget
from gateway.backends.shared.link import Away, RedisLink

# As many as there are; when there is none, the next that there will be, and how long until then. So no process can
# have more than one call ahead of another's that asked before it. Less than none wanted is given back. Beside it stands
# who has asked within a minute: so many will have to divide the budget should Redis go away.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local rate, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(known[1]) or most, tonumber(known[2]) or now
tokens = math.min(most, tokens + math.max(0, now - at) * rate / 1000000)
local given, wait = math.min(wanted, math.floor(tokens)), 0
if wanted > 0 and given < 1 then
  given = 1
  wait = math.ceil((1 - tokens) / rate * 1000000)
end
tokens = tokens - given
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((most - tokens) / rate * 1000) + 1000)
redis.call('ZADD', KEYS[2], now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 60000000)
redis.call('PEXPIRE', KEYS[2], 60000)
return {given, wait, redis.call('ZCARD', KEYS[2])}
"""


class SharedBudget(CallBudget):
    """A budget that all share who ask for it; while Redis is away each has an equal part of it.

    They are as many as asked within the last minute that Redis was there, `processes` at least. A pause that the vendor
    asked for, and priorities, are kept within each process.
    """

    def __init__(self, link: RedisLink, key: str, calls_per_second: float, processes: int) -> None:
        super().__init__(calls_per_second / processes)
        self._link = link
        self._key = key
        self._shared_rate = calls_per_second
        self._processes = processes
        self._own = secrets.token_hex(8)
        self._take = link.client.register_script(_TAKE)
        self._telling: set[asyncio.Task[None]] = set()

    def at_once(self) -> bool:
        """None does, while the others have to be asked."""
        return not self._link.up and super().at_once()

    async def obtain(self, wanted: int) -> int:
        """As CallBudget says, of what all processes have."""
        if self.held:
            # It may be prolonged meanwhile; whoever is let in then is one call at most.
            await asyncio.sleep(self.held)
        try:
            given, wait = await self._ask(wanted)
        except Away:
            return await super().obtain(wanted)
        await asyncio.sleep(wait / 1_000_000)
        return given

    def give_back(self, calls: int) -> None:
        """As CallBudget says, behind the caller's back."""
        if not self._link.up:
            super().give_back(calls)
            return
        self._behind(self._give_back(calls))

    def charge(self, calls: int) -> None:
        """As CallBudget says, behind the caller's back."""
        if not self._link.up:
            super().charge(calls)
            return
        self._behind(self._charge(calls))

    def seconds_until(self, place: int) -> float:
        """As CallBudget says; what the others leave of the budget is not known."""
        return self.held if self._link.up else super().seconds_until(place)

    def _behind(self, telling: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _charge(self, calls: int) -> None:
        with suppress(Away):
            while calls > 0:
                # At least one is given, of those that there will be if need be; its wait is the next one's.
                given, _ = await self._ask(calls)
                calls -= given

    async def _give_back(self, calls: int) -> None:
        with suppress(Away):
            await self._ask(-calls)

    async def _ask(self, wanted: int) -> tuple[int, int]:
        arguments: list[float | str] = [self._shared_rate, max(self._shared_rate, 1), wanted, self._own]
        keys = [self._key, f"{self._key}:users"]
        given, wait, users = await self._link.run(lambda redis: self._take(keys=keys, args=arguments, client=redis))
        self._divide(max(users, self._processes))
        return given, wait

    def _divide(self, users: int) -> None:
        self._rate = self._shared_rate / users
        self._most = max(self._rate, 1.0)
        self._tokens = min(self._tokens, self._most)
