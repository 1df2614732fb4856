"""The call budget of a vendor account over all processes: one token bucket in Redis, by the server's clock."""

import asyncio
from collections import deque

from gateway.backends.rate_limit import CallBudget
from gateway.backends.shared.link import Away, RedisLink

# As many as there are; when there is none, the next that there will be, and how long until then. So no process can
# have more than one call ahead of another's that asked before it.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local rate, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(known[1]) or most, tonumber(known[2]) or now
tokens = math.min(most, tokens + math.max(0, now - at) * rate / 1000000)
local given, wait = math.min(wanted, math.floor(tokens)), 0
if given < 1 then
  given = 1
  wait = math.ceil((1 - tokens) / rate * 1000000)
end
tokens = tokens - given
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((most - tokens) / rate * 1000) + 1000)
return {given, wait}
"""


class SharedBudget(CallBudget):
    """A budget that `processes` share; while Redis is away each has an equal part of it."""

    def __init__(self, link: RedisLink, key: str, calls_per_second: float, processes: int) -> None:
        super().__init__(calls_per_second / processes)
        self._link = link
        self._key = key
        self._rate = calls_per_second
        self._take = link.client.register_script(_TAKE)
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._giving: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Wait until one more call fits."""
        if self._link.up:
            waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            if self._giving is None or self._giving.done():
                self._giving = asyncio.create_task(self._give())
            if await waiter:
                return
        await super().take()

    async def _give(self) -> None:
        """Take calls for all who wait here, in the order they came."""
        while self._still_waiting():
            arguments = [self._rate, max(self._rate, 1), len(self._waiting)]
            try:
                given, wait = await self._link.run(
                    lambda redis, arguments=arguments: self._take(  # type: ignore[misc]
                        keys=[self._key], args=arguments, client=redis
                    )
                )
            except Away:
                while self._still_waiting():
                    self._waiting.popleft().set_result(False)
                return
            await asyncio.sleep(wait / 1_000_000)
            while given and self._still_waiting():
                self._waiting.popleft().set_result(True)
                given -= 1

    def _still_waiting(self) -> bool:
        """Whether anybody waits who has not given up."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        return bool(self._waiting)
