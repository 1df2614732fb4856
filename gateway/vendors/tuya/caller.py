"""TuyaCaller: one signed RPC call, with refusals told in domain errors.

A 200 is a success only when it says `success: true`. Codes are compared without regard to case: Tuya's own pages
print them in several.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.errors import GatewayError, NotFound, VendorRejected
from gateway.vendorkit.decoding import Unreadable
from gateway.vendorkit.http import SignedCall, VendorAnswer, VendorHttp
from gateway.vendors.tuya.reading import members_of
from gateway.vendors.tuya.settings import TuyaSettings
from gateway.vendors.tuya.signing import METHOD, signed_query

_KEPT = 500
_BROKEN_DOWN = ("serviceunavailable", "internalerror")
_CREDENTIAL_CODES = ("signature", "invalidaccesskeyid", "invalidtimestamp")


def new_nonce() -> str:
    """A nonce that was never used: 32 hex characters, as in the samples of Tuya."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Reply:
    """A success. `members` are the answer's top level, names in lower case."""

    operation: str
    members: dict[str, object]
    request_ids: tuple[str, ...]


class TuyaCaller:
    """Calls to one instance. `nonce` gives a new text for each call."""

    def __init__(
        self,
        settings: TuyaSettings,
        http: VendorHttp,
        now: Callable[[], datetime],
        nonce: Callable[[], str] = new_nonce,
    ) -> None:
        self.http = http
        self._settings = settings
        self._now = now
        self._nonce = nonce
        self._not_found = frozenset(code.lower() for code in settings.not_found_codes)

    async def call(self, action: str, params: Mapping[str, str], *, write: bool = False) -> Reply:
        """Call `action`. Changes are GETs too, so nothing on the way may repeat or cache them.

        Raises NotFound, Throttled, VendorRejected, and for a breakdown BackendUnavailable or, for a write,
        OutcomeUnknown.
        """

        async def signed() -> SignedCall:
            return SignedCall(method=METHOD, target=f"/?{self._query(action, params)}")

        def understand(answer: VendorAnswer) -> Reply:
            try:
                members = members_of(answer.body)
            except Unreadable:
                members = {}
            request_id = _text(members.get("requestid"))
            if answer.ok and str(members.get("success")).lower() == "true":
                return Reply(action, members, (request_id,) if request_id else ())
            raise self._refusal(action, answer, members, request_id, write=write)

        return await self.http.send(action, signed, understand, write=write)

    def _query(self, action: str, params: Mapping[str, str]) -> str:
        credentials = self._settings.credentials
        common = {
            "Action": action,
            "AccessKeyId": credentials.access_key_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": self._nonce(),
            "Timestamp": self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return signed_query(
            {**self._settings.extra_params, **params, **common}, credentials.access_key_secret.get_secret_value()
        )

    def _refusal(
        self, action: str, answer: VendorAnswer, members: dict[str, object], request_id: str | None, *, write: bool
    ) -> GatewayError:
        code = _text(members.get("code"))
        folded = (code or "").lower()
        backend = self.http.backend
        if answer.status == 429 or folded.startswith("throttling"):
            return self.http.throttled(action, answer)
        if folded.endswith(".systemexception") or folded in _BROKEN_DOWN:
            cause = f"the vendor answered {code}"
            return self.http.lost(action, cause, request_id) if write else self.http.unreachable(action, cause)
        if answer.status >= 500:
            return self.http.failed(action, answer, write=write, request_id=request_id)
        if self._says_not_found(folded):
            return NotFound(f"Backend {backend} knows no such object ({action}: {code}).", backend=backend)
        if answer.ok and code is None and str(members.get("success")).lower() != "false":
            if write:
                return self.http.lost(action, "it cannot be read", request_id)
            return self.http.unreadable(action, answer, request_id)
        advice = " Check the access key, its secret and the clock." if folded.startswith(_CREDENTIAL_CODES) else ""
        return VendorRejected(
            f"Backend {backend} refused {action}.{advice}",
            http_status=answer.status,
            vendor_code=code,
            vendor_message=_text(members.get("errormessage")) or _text(members.get("message")),
            request_id=request_id,
            backend=backend,
        )

    def _says_not_found(self, folded: str) -> bool:
        # Only iot.ota.FirmwareNotFound is documented; its siblings follow the same naming.
        named = folded.startswith("iot.ota.") and folded.endswith(("notfound", "notexist", "notexists"))
        return named or folded in self._not_found


def _text(value: object) -> str | None:
    return str(value)[:_KEPT] if value not in (None, "") else None
