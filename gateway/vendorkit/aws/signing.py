"""Signature Version 4, computed by botocore's own signer with the clock passed in.

The URL given is the one sent: its path and query are percent-encoded once, and botocore encodes the path once more in
the canonical request. Signed are `content-type` (with a body), `host`, `x-amz-date` and, with a session token,
`x-amz-security-token`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from gateway.vendorkit.aws.credentials import AwsKeys
from gateway.vendorkit.http import SignedCall


def signed_headers(
    keys: Any,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    service: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """`headers` with X-Amz-Date, the session token if there is one, and Authorization.

    `keys` has access_key, secret_key and token; `headers` are signed as they are given.
    """
    signer = SigV4Auth(keys, service, region)
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body or b"")
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    if keys.token:
        request.headers["X-Amz-Security-Token"] = keys.token
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    signature = signer.signature(to_sign, request)
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    return dict(request.headers.items())


class AwsSigner:
    """Signs requests to one service of one Region with a backend's keys."""

    def __init__(self, keys: AwsKeys, *, service: str, region: str, base_url: str, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._service = service
        self._region = region
        self._base_url = base_url
        self._now = now

    async def sign(self, method: str, target: str, body: bytes | None) -> SignedCall:
        """A call to `target` (encoded path and query), signed now. Raises BackendUnavailable without keys."""
        headers = signed_headers(
            await self._keys.frozen(),
            method=method,
            url=self._base_url + target,
            headers={} if body is None else {"Content-Type": "application/json"},
            body=body,
            service=self._service,
            region=self._region,
            now=self._now(),
        )
        return SignedCall(method=method, target=target, headers=headers, body=body)
