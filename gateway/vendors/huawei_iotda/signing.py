"""AK/SK signatures of Huawei Cloud: SDK-HMAC-SHA256 for shared hosts, V11-HMAC-SHA256 (derived) for instance hosts.

Both follow the signer of the vendor's own SDK (huaweicloudsdkcore 3.1.219) byte for byte. What is signed is what is
sent: the path and query are encoded once, here.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from gateway.vendorkit.http import SignedCall

DERIVED_SERVICE = "iotdm"


def encoded(text: str) -> str:
    """Percent-encode as the signature wants it: UTF-8, only letters, digits and `-_.~` stay."""
    return quote(text, safe="~")


def query_string(query: Sequence[tuple[str, str]]) -> str:
    """The canonical query, sorted and encoded; it is also what goes on the wire."""
    return "&".join(f"{encoded(key)}={encoded(value)}" for key, value in sorted(query))


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
    """The text whose digest is signed. `headers` are lower case and all of them are signed."""
    uri = "/".join(encoded(segment) for segment in unquote(path).split("/"))
    if not uri.endswith("/"):
        uri += "/"
    signed = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in signed)
    return "\n".join([method, uri, query, lines, ";".join(signed), hashlib.sha256(body).hexdigest()])


class AccessKeySigner:
    """Signs with one access key. With a `region` the derived algorithm is used, without one the plain."""

    def __init__(self, *, access_key: str, secret_key: str, host: str, region: str | None = None) -> None:
        self._access_key = access_key
        self._secret_key = secret_key.encode()
        self._host = host
        self._region = region
        self._derived = ("", b"")

    def sign(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        at: datetime,
    ) -> SignedCall:
        """The request, ready to send. Every header of `headers` is signed, with Host and X-Sdk-Date beside it."""
        date = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        sent = {**headers, "X-Sdk-Date": date, "Host": self._host}
        lowered = {name.lower(): value for name, value in sent.items()}
        search = query_string(query)
        digest = hashlib.sha256(canonical_request(method, path, search, lowered, body or b"").encode()).hexdigest()
        sent["Authorization"] = self._authorization(date, ";".join(sorted(lowered)), digest)
        return SignedCall(method=method, target=f"{path}?{search}" if search else path, headers=sent, body=body)

    def _authorization(self, date: str, signed: str, digest: str) -> str:
        if self._region is None:
            signature = _mac(self._secret_key, f"SDK-HMAC-SHA256\n{date}\n{digest}").hex()
            return f"SDK-HMAC-SHA256 Access={self._access_key}, SignedHeaders={signed}, Signature={signature}"
        scope = f"{date[:8]}/{self._region}/{DERIVED_SERVICE}"
        signature = _mac(self._derived_key(scope), f"V11-HMAC-SHA256\n{date}\n{scope}\n{digest}").hex()
        return f"V11-HMAC-SHA256 Credential={self._access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"

    def _derived_key(self, scope: str) -> bytes:
        """Derived once for a scope, which is to say once a day."""
        if self._derived[0] != scope:
            extracted = hmac.digest(self._access_key.encode(), self._secret_key, "sha256")
            self._derived = (scope, _mac(extracted, f"{scope}\x01").hex().encode())
        return self._derived[1]


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
