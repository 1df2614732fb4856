"""Checks of SDK-HMAC-SHA256 and V11-HMAC-SHA256 (derived) signatures.

Source: the signers of huaweicloudsdkcore 3.1.219, and the "API Request Signing Guide" for the 15 minutes. The list of
signed headers is the caller's; path, query and body are taken as the raw bytes that came.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

from gateway.vendorkit.simulation.answers import WireRequest
from gateway.vendors.huawei_iotda.simulator.refusals import AUTHENTICATION_FAILED, Refused, unauthenticated

PLAIN = "SDK-HMAC-SHA256"
DERIVED = "V11-HMAC-SHA256"
SERVICE = "iotdm"
ALLOWED_SKEW = timedelta(minutes=15)

_PLAIN_HEADER = re.compile(rf"{PLAIN} Access=([^,\s]+), SignedHeaders=([^,\s]+), Signature=([0-9a-f]{{64}})")
_DERIVED_HEADER = re.compile(
    rf"{DERIVED} Credential=([^,\s/]+)/(\d{{8}}/[^,\s/]+/{SERVICE}), "
    r"SignedHeaders=([^,\s]+), Signature=([0-9a-f]{64})"
)


def canonical_request(request: WireRequest, signed: Sequence[str]) -> bytes:
    """The text that is hashed. Raises KeyError when a header named as signed did not come."""
    path = "/".join(_recoded(segment) for segment in unquote_to_bytes(request.raw_path).split(b"/"))
    if not path.endswith("/"):
        path += "/"
    pairs = sorted(_pair(part) for part in request.raw_query.split("&") if part)
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed)
    digest = request.headers.get("x-sdk-content-sha256", "").strip() if request.body else ""
    digest = digest or hashlib.sha256(request.body).hexdigest()
    return "\n".join([request.method.upper(), path, query, headers, ";".join(signed), digest]).encode("latin-1")


def plain_signature(secret_key: str, date: str, canonical: bytes) -> str:
    """The SDK-HMAC-SHA256 signature, as lower-case hex."""
    return _mac(secret_key.encode(), f"{PLAIN}\n{date}\n{hashlib.sha256(canonical).hexdigest()}".encode()).hex()


def derived_signature(access_key: str, secret_key: str, date: str, scope: str, canonical: bytes) -> str:
    """The V11-HMAC-SHA256 signature; `scope` is `{yyyymmdd}/{region}/iotdm`. The key is the hex text, not its bytes."""
    key = _mac(_mac(access_key.encode(), secret_key.encode()), scope.encode() + b"\x01").hex()
    text = f"{DERIVED}\n{date}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    return _mac(key.encode(), text.encode()).hex()


class SignatureCheck:
    """Holds the one key pair that is known."""

    def __init__(self, access_key: str, secret_key: str, *, derived_only: bool = False) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._derived_only = derived_only

    def check(self, request: WireRequest, now: datetime) -> None:
        """Raise Refused, 401, unless the request is signed rightly and lately."""
        authorization = request.headers.get("authorization", "")
        plain = _PLAIN_HEADER.fullmatch(authorization)
        derived = _DERIVED_HEADER.fullmatch(authorization)
        scope: str | None = None
        if plain:
            if self._derived_only:
                raise Refused(401, AUTHENTICATION_FAILED, "Authentication failed.")
            access_key, names, given = plain.groups()
        elif derived:
            access_key, scope, names, given = derived.groups()
        else:
            raise unauthenticated("the Authorization header is missing or malformed")
        date = request.headers.get("x-sdk-date", "").strip()
        _check_date(date, now)
        if not hmac.compare_digest(access_key.encode("latin-1"), self._access_key.encode()):
            raise unauthenticated("the access key does not exist")
        signed = names.split(";")
        if "host" not in signed or (scope is not None and not date.startswith(scope[:8])):
            raise unauthenticated("verify aksk signature fail")
        try:
            canonical = canonical_request(request, signed)
        except KeyError:
            raise unauthenticated("verify aksk signature fail, a signed header did not come") from None
        if scope is None:
            expected = plain_signature(self._secret_key, date, canonical)
        else:
            expected = derived_signature(self._access_key, self._secret_key, date, scope, canonical)
        if not hmac.compare_digest(given, expected):
            raise unauthenticated("verify aksk signature fail")


def _check_date(date: str, now: datetime) -> None:
    try:
        sent = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise unauthenticated("the X-Sdk-Date header is missing or malformed") from None
    if abs(now - sent) > ALLOWED_SKEW:
        raise unauthenticated("the signature has expired, X-Sdk-Date is more than 15 minutes off")


def _pair(part: str) -> tuple[bytes, bytes]:
    name, _, value = part.partition("=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _recoded(segment: bytes) -> str:
    return quote(segment, safe="~")


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
