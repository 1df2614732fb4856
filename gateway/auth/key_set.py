"""KeySet: an identity provider's keys, read at the start and again as they change.

A token whose key is not known has the keys read at once, but not more than once in ten seconds, whoever asks: tokens
can be invented. What was read stays in use while the provider cannot be reached.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.auth.settings import JwtSettings
from gateway.auth.verification_keys import UnusableKeys, VerificationKey, keys_of_jwks, keys_of_pem
from gateway.domain.errors import InvalidInput

_FETCH_SECONDS: Final = 5.0
_LARGEST: Final = 256 * 1024
_ASKED_FOR_GAP: Final = 10.0
_AFTER_FAILURE: Final = 5.0

_log = structlog.get_logger(__name__)


class KeySet:
    """The keys in use. `version` grows when they change; `keys` is empty while they were never read."""

    def __init__(self, settings: JwtSettings, *, moment: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._url = settings.jwks_url
        self._refresh_seconds = settings.refresh.total_seconds()
        self._moment = moment
        self._asked_for = -_ASKED_FOR_GAP
        self._reading: asyncio.Task[None] | None = None
        self.version = 0
        self.keys: tuple[VerificationKey, ...] = ()

    @property
    def may_grow(self) -> bool:
        """Whether reading the keys once more is possible, and due or under way."""
        due = self._moment() - self._asked_for >= _ASKED_FOR_GAP
        return self._url is not None and (due or self._reading is not None)

    async def grow(self) -> None:
        """Read the keys because one is not known. Who comes while they are being read waits for that."""
        if self._reading is None:
            if not self.may_grow:
                return
            self._asked_for = self._moment()
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._has_read)
        await asyncio.shield(self._reading)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Read the keys, and those of a URL again and again while the block runs.

        Raises InvalidInput for a file that holds none; a provider that cannot be reached may be so later.
        """
        if self._url is None:
            try:
                self.keys = _from_files(self._settings)
            except UnusableKeys as problem:
                rule = "a JWKS document, or public keys as PEM"
                raise InvalidInput(f"auth.jwt cannot be used: {problem}.", path=("auth", "jwt"), rule=rule) from None
            yield
            return
        await self._read()
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            for task in (following, self._reading):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_seconds if self.keys else min(_AFTER_FAILURE, self._refresh_seconds))
            await self._read()

    def _has_read(self, _: "asyncio.Task[None]") -> None:
        self._reading = None

    async def _read(self) -> None:
        try:
            keys = keys_of_jwks(await self._fetch())
        except (httpx.HTTPError, OSError, TimeoutError, UnusableKeys) as problem:
            kept = "tokens are judged by the keys read before" if self.keys else "tokens cannot be judged"
            _log.warning("identity_keys_unread", why=f"{type(problem).__name__}: {problem}", meaning=kept)
            return
        if [_mark(key) for key in keys] != [_mark(key) for key in self.keys]:
            self.keys = keys
            self.version += 1
            _log.info("identity_keys_read", keys=len(keys), version=self.version)

    async def _fetch(self) -> bytes:
        found = b""
        async with (
            asyncio.timeout(_FETCH_SECONDS),
            # A redirection could lead anywhere, and so could a proxy of the environment.
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=_FETCH_SECONDS) as client,
            client.stream("GET", str(self._url), headers={"accept": "application/json"}) as response,
        ):
            if response.status_code != 200:
                raise UnusableKeys(f"it was answered with HTTP {response.status_code}")
            async for part in response.aiter_bytes():
                found += part
                if len(found) > _LARGEST:
                    raise UnusableKeys(f"it is larger than {_LARGEST} bytes")
        return found


def _mark(key: VerificationKey) -> tuple[object, ...]:
    return key.kid, key.algorithms, key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _from_files(settings: JwtSettings) -> tuple[VerificationKey, ...]:
    if settings.jwks_file is not None:
        return keys_of_jwks(_read_file(settings.jwks_file))
    return keys_of_pem(_read_file(path) for path in settings.public_keys)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UnusableKeys(f"{path} cannot be read: {problem.strerror}") from None
