"""IAM tokens: bought with a user's password, kept until shortly before they end, renewed once for all who wait.

Source: KeystoneCreateUserTokenByPassword. The token comes in the header X-Subject-Token of a 201; it lives 24 hours
from its issue, and a new one does not end an old one.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from gateway.domain.errors import BackendUnavailable, VendorRejected
from gateway.vendorkit.decoding import Unreadable, read_json
from gateway.vendorkit.http import SignedCall, VendorAnswer, VendorHttp
from gateway.vendorkit.times import from_iso
from gateway.vendors.huawei_iotda.settings import IamUser

LIFETIME = timedelta(hours=24)
RENEW_BEFORE = timedelta(minutes=10)
_OPERATION = "KeystoneCreateUserTokenByPassword"


class _TokenBody(msgspec.Struct):
    expires_at: str | None = None


class _TokenAnswer(msgspec.Struct):
    token: _TokenBody | None = None


class TokenKeeper:
    """The present token of one IAM user for one region."""

    def __init__(self, http: VendorHttp, user: IamUser, *, region: str, now: Callable[[], datetime]) -> None:
        self._http = http
        self._user = user
        self._region = region
        self._now = now
        self._renewing = asyncio.Lock()
        self._token: str | None = None
        self._renew_at: datetime | None = None

    async def token(self, *, refused: str | None = None) -> str:
        """A token that still holds. `refused` is one the vendor just turned away: it is not given again.

        Raises VendorRejected when IAM refuses the user, BackendUnavailable when it cannot be asked.
        """
        async with self._renewing:
            fresh = self._renew_at is not None and self._now() < self._renew_at
            if self._token is None or not fresh or self._token == refused:
                await self._renew()
            return self._token or ""

    async def _renew(self) -> None:
        asked_at = self._now()
        token, body = await self._http.send(_OPERATION, self._request, self._understand)
        ends_at = from_iso(body.token.expires_at) if body.token else None
        self._token = token
        if ends_at is None or ends_at <= asked_at:
            # A token that has ended before it began is one whose end was not said; a 401 tells when it has.
            ends_at = asked_at + LIFETIME
        self._renew_at = ends_at - RENEW_BEFORE

    def _understand(self, answer: VendorAnswer) -> tuple[str, _TokenAnswer]:
        token = answer.headers.get("x-subject-token")
        if answer.status == 429:
            raise self._http.throttled(_OPERATION, answer)
        if answer.status >= 500:
            raise self._unavailable(f"HTTP {answer.status}")
        if not answer.ok or not token:
            raise VendorRejected(
                f"IAM gave no token for backend {self._http.backend}: check iam.domain, iam.user, iam.password and "
                "the region. It must be an IAM user, not a HUAWEI ID account.",
                http_status=answer.status,
                backend=self._http.backend,
            )
        try:
            return token, read_json(answer.body, _TokenAnswer)
        except Unreadable:
            return token, _TokenAnswer()

    def _unavailable(self, cause: str) -> BackendUnavailable:
        return self._http.unreachable(_OPERATION, cause)

    async def _request(self) -> SignedCall:
        user = self._user
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": user.user,
                            "password": user.password.get_secret_value(),
                            "domain": {"name": user.domain},
                        }
                    },
                },
                "scope": {"project": {"name": self._region}},
            }
        }
        return SignedCall(
            method="POST",
            target="/v3/auth/tokens?nocatalog=true",
            headers={"Content-Type": "application/json;charset=utf8"},
            body=msgspec.json.encode(body),
        )
