"""RouterIdentity: a router in front says who calls, and proves that it is the router."""

import hmac
from collections.abc import Collection

from gateway.auth.policies import Policies
from gateway.auth.principal import Principal
from gateway.auth.refusals import Unauthenticated
from gateway.auth.settings import RouterSettings
from gateway.auth.tokens import check_name


class RouterIdentity:
    """Believes a header where every proof that the configuration names comes with it, and refuses it otherwise."""

    def __init__(self, settings: RouterSettings, policies: Policies) -> None:
        secret = settings.shared_secret
        self._secret = None if secret is None else secret.get_secret_value().encode()
        self._client_names = frozenset(settings.client_names)
        self._policies = policies

    def forwarded(self, name: bytes, roles: bytes, secret: bytes | None, client_names: Collection[str]) -> Principal:
        """Who calls, by the router's headers. `client_names` are those of the verified client certificate.

        Raises Unauthenticated.
        """
        if self._secret is not None and not hmac.compare_digest(self._secret, secret or b""):
            raise Unauthenticated("a router's header came without the shared secret")
        if self._client_names and self._client_names.isdisjoint(client_names):
            raise Unauthenticated("a router's header came without the certificate of a router")
        try:
            text, listed = name.decode(), roles.decode()
        except UnicodeDecodeError:
            raise Unauthenticated("a router's header is not UTF-8") from None
        return Principal(
            name=check_name(text), rights=self._policies.rights_of(role.strip() for role in listed.split(","))
        )
