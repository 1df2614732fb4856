"""The link to Redis: whether it is there, and commands that never take long to find out that it is not."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

Answer = TypeVar("Answer")

_SECONDS = 1.0
# As many commands at once; more wait here rather than each open a connection.
_CONNECTIONS = 16
_TOLD_EVERY = 60.0
_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}

_log = structlog.get_logger(__name__)


class Away(Exception):
    """Redis did not do what it was asked; the caller goes on without it."""


class RedisLink:
    """One client. `up` is true from `came` to the first command that finds nobody there."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.client: Redis = Redis.from_url(
            urlunsplit(parts._replace(scheme=_SCHEMES.get(parts.scheme, parts.scheme))),
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            # Whoever keeps the link up tries again; a read does not wait for it.
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self.database = int(self.client.connection_pool.connection_kwargs.get("db") or 0)
        self.up = False
        self._where = f"{parts.hostname}:{parts.port or 6379}"
        self._told_away = False
        self._counts: Counter[str] = Counter()
        self._silent_until: dict[str, float] = {}
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    async def run(self, ask: Callable[[Redis], Awaitable[Answer]]) -> Answer:
        """Have something done. Raises Away, at once while the link is down, else within a second or so."""
        if not self.up:
            raise Away
        async with self._slots:
            return await self.try_to(ask)

    async def try_to(self, ask: Callable[[Redis], Awaitable[Answer]]) -> Answer:
        """As `run`, whether or not the link is known to be up."""
        try:
            return await ask(self.client)
        except ReadOnlyError as problem:
            self.went(problem)
        except ResponseError as problem:
            # Out of memory, or not permitted: it may well do the next thing.
            self._told("shared_cache_refuses", problem)
        except (RedisError, OSError) as problem:
            self.went(problem)
        raise Away

    def came(self) -> None:
        """It answers."""
        self.up = True
        if self._told_away:
            _log.info("shared_cache_back", redis=self._where)
        self._told_away = False

    def went(self, problem: Exception) -> None:
        """Nobody is there."""
        self.up = False
        if not self._told_away:
            self._told_away = True
            _log.warning(
                "shared_cache_away",
                redis=self._where,
                why=type(problem).__name__,
                meaning="this process goes on alone, with its part of each call budget, until Redis answers again",
            )

    def strange(self, problem: Exception) -> None:
        """Something was there that nobody here could have put there. It is read again from the vendor."""
        self._told("shared_cache_strange", problem)

    async def aclose(self) -> None:
        """Let go of the connections, once what is being asked has its answer: it would open another one after this."""
        self.up = False
        for _ in range(_CONNECTIONS):
            await self._slots.acquire()
        await self.client.aclose()

    def _told(self, event: str, problem: Exception) -> None:
        """Say so in the log, and how many times, once a minute."""
        self._counts[event] += 1
        moment = monotonic()
        if moment >= self._silent_until.get(event, 0.0):
            self._silent_until[event] = moment + _TOLD_EVERY
            _log.warning(
                event, redis=self._where, why=str(problem) or type(problem).__name__, times=self._counts[event]
            )
