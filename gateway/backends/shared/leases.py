"""Leases: one process at a time at something, for as long as it lives and Redis is there."""

import asyncio
import secrets
from contextlib import suppress
from typing import Any

import structlog

from gateway.backends.shared.link import Away, RedisLink

_SECONDS = 15.0
_RENEWED_EVERY = 4.0
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
