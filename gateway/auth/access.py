"""Access: who calls, by the credentials of one request.

One request shows one identity. Two of them, or one of them twice, are refused: whichever counted, somebody would have
meant the other.
"""

from collections.abc import AsyncIterator, Awaitable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Final

from gateway.auth.api_keys import PREFIX, ApiKeys
from gateway.auth.key_set import KeySet
from gateway.auth.policies import Policies
from gateway.auth.principal import Principal
from gateway.auth.refusals import Unauthenticated
from gateway.auth.routers import RouterIdentity
from gateway.auth.settings import AuthSettings, RouterSettings
from gateway.auth.tokens import Tokens

AUTHORIZATION: Final = b"authorization"
API_KEY: Final = b"x-api-key"
_BEARER: Final = b"bearer "
_KEY_START: Final = PREFIX.encode()


class Access:
    """Judges credentials."""

    def __init__(self, settings: AuthSettings) -> None:
        policies = Policies(settings.policies)
        router = settings.router
        # A router's headers are refused where no router is configured: whoever sends them believes that they count.
        names = router or RouterSettings()
        self._name_header, self._roles_header, self._secret_header = (
            name.encode() for name in (names.header, names.roles_header, names.secret_header)
        )
        self._heard = frozenset({AUTHORIZATION, API_KEY, self._name_header, self._roles_header, self._secret_header})
        self._router = None if router is None else RouterIdentity(router, policies)
        self._api_keys = ApiKeys(settings.api_keys, policies) if settings.api_keys else None
        self._keys = None if settings.jwt is None else KeySet(settings.jwt)
        self._tokens = (
            None if settings.jwt is None or self._keys is None else Tokens(settings.jwt, policies, self._keys)
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep up with the identity provider's keys while the block runs. Raises InvalidInput for unusable files."""
        if self._keys is None:
            yield
        else:
            async with self._keys.following():
                yield

    def identify(
        self, headers: Iterable[tuple[bytes, bytes]], client_names: Collection[str] = ()
    ) -> Principal | Awaitable[Principal]:
        """Who calls; an awaitable where keys are to be read first. Raises Unauthenticated or KeysUnavailable.

        `client_names` are the names that a verified client certificate bears.
        """
        shown: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in self._heard:
                if name in shown:
                    raise Unauthenticated(f"the header {name.decode()} stands twice")
                shown[name] = value.strip()
        if not shown:
            raise Unauthenticated("no credentials", shown=False)
        if len(shown) == 1:
            if AUTHORIZATION in shown:
                return self._bearer(shown[AUTHORIZATION])
            if API_KEY in shown:
                return self._holder(shown[API_KEY])
        if shown.keys() & {AUTHORIZATION, API_KEY}:
            raise Unauthenticated("several identities in one request")
        return self._forwarded(shown, client_names)

    def _bearer(self, value: bytes) -> Principal | Awaitable[Principal]:
        if value[: len(_BEARER)].lower() != _BEARER:
            raise Unauthenticated("the scheme of Authorization is not Bearer")
        token = value[len(_BEARER) :].strip()
        if token.startswith(_KEY_START):
            return self._holder(token)
        if self._tokens is None:
            raise Unauthenticated("tokens are not taken (auth.mode)")
        return self._tokens.bearer(token)

    def _holder(self, key: bytes) -> Principal:
        if self._api_keys is None:
            raise Unauthenticated("API keys are not taken (auth.mode)")
        return self._api_keys.holder(key.decode("latin-1"))

    def _forwarded(self, shown: dict[bytes, bytes], client_names: Collection[str]) -> Principal:
        if self._router is None:
            raise Unauthenticated("a router's header, but no router is configured (auth.mode)")
        return self._router.forwarded(
            shown.get(self._name_header, b""),
            shown.get(self._roles_header, b""),
            shown.get(self._secret_header),
            client_names,
        )
