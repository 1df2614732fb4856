"""The server's side of AWS Signature Version 4: was this request signed with the secret it should have been?

Written from AWS's description of the algorithm and from requests recorded from botocore; it shares no code with any
client. It works on the undecoded path and query and takes the list of signed headers from the request itself.
"""

import hashlib
import hmac
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from gateway.vendorkit.simulation.answers import WireRequest

ALLOWED_SKEW_SECONDS = 15 * 60

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<access>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)"
    r"/(?P<end>[^/,\s]+),\s*SignedHeaders=(?P<names>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class SignatureProblem:
    """Why a request is refused: the HTTP status, AWS's error code, and a text."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigV4Check:
    """Checks requests to one service that were signed with one key. Any region is taken as the caller names it."""

    access_key: str
    secret_key: str
    service: str
    now: Callable[[], datetime]

    def problem(self, request: WireRequest) -> SignatureProblem | None:
        """None when the signature holds."""
        authorization = request.headers.get("authorization")
        if not authorization:
            return SignatureProblem(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        parts = _AUTHORIZATION.fullmatch(authorization.strip())
        if parts is None:
            return SignatureProblem(403, "IncompleteSignature", "The Authorization header cannot be read.")
        if not hmac.compare_digest(parts["access"].encode(), self.access_key.encode()):
            text = "The security token included in the request is invalid."
            return SignatureProblem(403, "UnrecognizedClientException", text)
        stamp = request.headers.get("x-amz-date", "")
        when = _moment(stamp)
        if when is None:
            return SignatureProblem(403, "IncompleteSignature", "X-Amz-Date must be like 20250115T120000Z.")
        if abs((self.now() - when).total_seconds()) > ALLOWED_SKEW_SECONDS:
            return SignatureProblem(400, "RequestExpired", f"Signature expired: {stamp} is more than 15 minutes off.")
        if parts["service"] != self.service or parts["end"] != "aws4_request" or parts["date"] != stamp[:8]:
            text = f"Credential should be scoped to the request's date and to service '{self.service}'."
            return SignatureProblem(403, "InvalidSignatureException", text)
        names = parts["names"].split(";")
        must = {"host", "x-amz-date"} | ({"x-amz-security-token"} & request.headers.keys())
        if missing := sorted(must.difference(names)):
            return SignatureProblem(403, "IncompleteSignature", f"Not signed: {', '.join(missing)}.")
        scope = f"{parts['date']}/{parts['region']}/{parts['service']}/aws4_request"
        expected = self._signature(canonical_request(request, names), stamp, scope)
        if not hmac.compare_digest(expected, parts["signature"]):
            text = "The request signature we calculated does not match the signature you provided."
            return SignatureProblem(403, "InvalidSignatureException", text)
        return None

    def _signature(self, canonical: str, stamp: str, scope: str) -> str:
        digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def signed_region(request: WireRequest) -> str | None:
    """The region in the request's credential scope, if it names one."""
    parts = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    return parts["region"] if parts else None


def canonical_request(request: WireRequest, names: list[str]) -> str:
    """What was signed: the path is escaped a second time, and the query's pairs stay as they travelled, sorted."""
    pairs = sorted(pair.partition("=")[::2] for pair in request.raw_query.split("&") if pair)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    return "\n".join([
        request.method,
        quote(_plain_path(request.raw_path), safe="/~"),
        "&".join(f"{name}={value}" for name, value in pairs),
        headers,
        ";".join(names),
        hashlib.sha256(request.body).hexdigest(),
    ])  # fmt: skip


def _plain_path(path: str) -> str:
    """Without dot segments and doubled slashes, keeping a slash at the end."""
    plain = "/" + posixpath.normpath(path or "/").lstrip("/")
    return plain + "/" if path.endswith("/") and plain != "/" else plain


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
