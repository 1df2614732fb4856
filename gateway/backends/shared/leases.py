"""Leases: one process at a time at something, for as long as it lives and Redis is there."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import uniform
from typing import Any

import structlog

from gateway.backends.shared.link import Away, RedisLink

_SECONDS = 15.0
_RENEWED_EVERY = 4.0
_LOOKED_EVERY = (0.02, 0.06)
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"

_log = structlog.get_logger(__name__)


class Lease:
    """Something held. It is renewed until it is let go, so it outlasts any work, and its holder by 15 s at most."""

    def __init__(self, link: RedisLink, key: str, token: str) -> None:
        self._link = link
        self._key = key
        self._token = token
        self._renewing = asyncio.create_task(self._renew())

    async def let_go(self) -> None:
        """Let the next one have it."""
        self._renewing.cancel()
        with suppress(Away):
            await self._link.run(lambda redis: redis.eval(_RELEASE, 1, self._key, self._token))

    async def _renew(self) -> None:
        milliseconds = str(int(_SECONDS * 1000))
        while True:
            await asyncio.sleep(_RENEWED_EVERY)
            with suppress(Away):
                kept: Any = await self._link.run(
                    lambda redis: redis.eval(_RENEW, 1, self._key, self._token, milliseconds)
                )
                if not kept:
                    _log.warning("shared_lock_lost", key=self._key)
                    return


async def take(link: RedisLink, key: str) -> Lease | None:
    """The lease, unless another has it. Raises Away."""
    token = secrets.token_hex(8)
    taken = await link.run(lambda redis: redis.set(key, token, nx=True, px=int(_SECONDS * 1000)))
    return Lease(link, key, token) if taken else None


@asynccontextmanager
async def held(link: RedisLink, key: str) -> AsyncIterator[None]:
    """Wait until nobody else has it, and hold it. Without Redis nothing is held, and the log says so."""
    lease: Lease | None = None
    try:
        while lease is None:
            lease = await take(link, key)
            if lease is None:
                await asyncio.sleep(uniform(*_LOOKED_EVERY))  # noqa: S311 - to not meet again
    except Away:
        _log.warning("shared_lock_missing", key=key, meaning="only this process keeps changes of one object apart")
    try:
        yield
    finally:
        if lease is not None:
            await asyncio.shield(lease.let_go())
