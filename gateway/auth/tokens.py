"""Tokens: what has to be true of a JWT before anybody is believed.

The signature is verified by PyJWT with a key that fits the algorithm, which the configuration has to allow. What a
token says about its own keys (jwk, jku, x5u, x5c) is not looked at, and what it calls critical is not known here.
Claims are checked here, strictly: a moment is a number, and it is never guessed.
"""

import binascii
import hashlib
import math
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final

import orjson
from jwt import PyJWS
from jwt.exceptions import PyJWTError

from gateway.auth.api_keys import NAME_PREFIX
from gateway.auth.key_set import KeySet
from gateway.auth.policies import Policies
from gateway.auth.principal import Principal
from gateway.auth.refusals import KeysUnavailable, Unauthenticated
from gateway.auth.settings import JwtSettings
from gateway.auth.verification_keys import VerificationKey, fitting

_LONGEST: Final = 8 * 1024
_LONGEST_NAME: Final = 200
_MOST_REMEMBERED: Final = 10_000
_TYPES: Final = frozenset({None, "jwt", "at+jwt", "application/jwt", "application/at+jwt"})


class Tokens:
    """Tells whose token it is. What was verified is remembered until it ends, or the keys change."""

    def __init__(self, settings: JwtSettings, policies: Policies, keys: KeySet) -> None:
        self._settings = settings
        self._leeway = settings.leeway.total_seconds()
        self._policies = policies
        self._keys = keys
        self._signatures = PyJWS()
        self._verified: dict[bytes, tuple[Principal, int]] = {}

    def bearer(self, token: bytes) -> Principal | Awaitable[Principal]:
        """Who the token is about; an awaitable where the keys are to be read first. Raises Unauthenticated."""
        digest = hashlib.sha256(token).digest()
        known = self._verified.get(digest)
        if known is not None:
            principal, version = known
            if version == self._keys.version and (principal.expires_at or 0) > time.time():
                return principal
            del self._verified[digest]
        header = _header(token, self._settings.algorithms)
        if self._fitting(header) or not self._keys.may_grow:
            return self._judged(token, digest, header)
        return self._once_keys_are_read(token, digest, header)

    async def _once_keys_are_read(self, token: bytes, digest: bytes, header: Mapping[str, Any]) -> Principal:
        await self._keys.grow()
        return self._judged(token, digest, header)

    def _fitting(self, header: Mapping[str, Any]) -> list[VerificationKey]:
        return fitting(self._keys.keys, header.get("kid"), header["alg"])

    def _judged(self, token: bytes, digest: bytes, header: Mapping[str, Any]) -> Principal:
        if not self._keys.keys:
            raise KeysUnavailable
        principal = self._principal(self._claims(token, header))
        if len(self._verified) >= _MOST_REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = (principal, self._keys.version)
        return principal

    def _claims(self, token: bytes, header: Mapping[str, Any]) -> dict[str, Any]:
        keys = self._fitting(header)
        if not keys:
            raise Unauthenticated("no known key fits the token's kid and alg")
        for key in keys:
            try:
                payload = self._signatures.decode(token, key.key, [header["alg"]])
            except (PyJWTError, ValueError, TypeError):
                continue
            claims = _json_object(payload, "the claims")
            self._check_times(claims)
            self._check_parties(claims)
            return claims
        raise Unauthenticated("the signature is not that of a known key")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = time.time()
        moments = {name: _moment(claims, name) for name in ("exp", "nbf", "iat")}
        ends, begins, issued = moments.values()
        if ends is None:
            raise Unauthenticated("exp is missing")
        if ends + self._leeway <= now:
            raise Unauthenticated("the token has expired")
        if begins is not None and begins - self._leeway > now:
            raise Unauthenticated("the token is not valid yet")
        if issued is not None and (issued - self._leeway > now or issued > ends):
            raise Unauthenticated("iat lies in the future, or after exp")

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self._settings.issuer:
            raise Unauthenticated("iss is another issuer")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if self._settings.audience not in named:
            raise Unauthenticated("aud does not name this gateway")

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        name = check_name(_at(claims, self._settings.name_claim))
        roles = _at(claims, self._settings.roles_claim)
        return Principal(
            name=name,
            rights=self._policies.rights_of(_roles(roles)),
            expires_at=claims["exp"] + self._leeway,
        )


def check_name(name: object) -> str:
    """A name that others gave to a caller, fit for the audit. Raises Unauthenticated."""
    if (
        not isinstance(name, str)
        or not 0 < len(name) <= _LONGEST_NAME
        or not name.isprintable()
        or name != name.strip()
    ):
        raise Unauthenticated(f"the caller's name is missing, or no printable text of up to {_LONGEST_NAME} characters")
    if name.startswith(NAME_PREFIX):
        raise Unauthenticated(f"the caller's name begins as those of API keys do, with {NAME_PREFIX}")
    return name


def _header(token: bytes, algorithms: Sequence[str]) -> dict[str, Any]:
    if len(token) > _LONGEST:
        raise Unauthenticated(f"the token is longer than {_LONGEST} bytes")
    parts = token.split(b".")
    if len(parts) != 3:
        raise Unauthenticated("the token has not three parts")
    try:
        header = _json_object(urlsafe_b64decode(parts[0] + b"=" * (-len(parts[0]) % 4)), "the header")
    except (binascii.Error, ValueError):
        raise Unauthenticated("the token's header is not readable") from None
    if header.get("alg") not in algorithms:
        raise Unauthenticated("alg is none of the accepted ones")
    if "crit" in header or "b64" in header:
        raise Unauthenticated("the token calls something critical")
    kind = header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
        raise Unauthenticated("typ is not that of an access token")
    if not isinstance(header.get("kid"), str | None):
        raise Unauthenticated("kid is no text")
    return header


def _json_object(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unauthenticated(f"{what} are no JSON object")
    return found


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unauthenticated(f"{name} is no number")
    return value


def _at(claims: Mapping[str, Any], path: str) -> object:
    # Providers name claims of their own by URLs, which have dots too.
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _roles(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [role for role in value if isinstance(role, str)] if isinstance(value, list) else []
