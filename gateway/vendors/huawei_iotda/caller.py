"""HuaweiCaller: one authenticated IoTDA call, with refusals told in domain errors.

Refusals are classified by HTTP status first; `error_code` stays opaque, since most codes are not published.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from gateway.domain.errors import GatewayError, NotFound, VendorRejected
from gateway.vendorkit.http import SignedCall, VendorAnswer, VendorHttp
from gateway.vendors.huawei_iotda.iam import TokenKeeper
from gateway.vendors.huawei_iotda.settings import HuaweiCredentials, HuaweiIotdaSettings
from gateway.vendors.huawei_iotda.signing import AccessKeySigner, query_string

_ERROR_PAIRS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
_MESSAGE_KEPT = 500


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Sequence[tuple[str, str]]
    content: bytes | None


class HuaweiCaller:
    """Calls below `/v5/iot/{project_id}` of one instance, by access key or by token."""

    def __init__(
        self, settings: HuaweiIotdaSettings, http: VendorHttp, tokens: TokenKeeper | None, now: Callable[[], datetime]
    ) -> None:
        self.http = http
        self._root = f"/v5/iot/{settings.project_id}"
        self._tokens = tokens
        self._now = now
        self._host = _host_header(http.base_url)
        self._headers = {"Content-Type": "application/json", "X-Project-Id": settings.project_id}
        if settings.instance_id:
            self._headers["Instance-Id"] = settings.instance_id
        self._signer = None
        if settings.credentials is not None:
            self._signer = self._access_key_signer(settings, settings.credentials)

    def _access_key_signer(self, settings: HuaweiIotdaSettings, credentials: HuaweiCredentials) -> AccessKeySigner:
        if credentials.security_token is not None:
            self._headers["X-Security-Token"] = credentials.security_token.get_secret_value()
        return AccessKeySigner(
            access_key=credentials.access_key,
            secret_key=credentials.secret_key.get_secret_value(),
            host=self._host,
            region=settings.region if settings.derived_signing else None,
        )

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        body: object = None,
        write: bool = False,
    ) -> VendorAnswer:
        """Send one call and return its 2xx answer.

        Raises NotFound for 404, Throttled for 429, VendorRejected for other refusals, and for 5xx BackendUnavailable
        or, for a write, OutcomeUnknown.
        """
        request = _Request(method, self._root + path, query, None if body is None else msgspec.json.encode(body))
        token = await self._tokens.token() if self._tokens else None
        answer = await self._send(operation, request, token, write=write)
        if answer.status == 401 and self._tokens and token:
            # A 401 says that nothing was carried out, so even a write may be sent again with a new token.
            token = await self._tokens.token(refused=token)
            answer = await self._send(operation, request, token, write=write)
        if answer.ok:
            return answer
        raise self._refusal(operation, answer, write=write)

    async def _send(self, operation: str, request: _Request, token: str | None, *, write: bool) -> VendorAnswer:
        """The vendor's answer, where it is a success or a 401."""

        async def signed() -> SignedCall:
            if self._signer is not None:
                return self._signer.sign(
                    request.method,
                    request.path,
                    request.query,
                    headers=self._headers,
                    body=request.content,
                    at=self._now(),
                )
            search = query_string(request.query)
            return SignedCall(
                method=request.method,
                target=f"{request.path}?{search}" if search else request.path,
                headers={**self._headers, "Host": self._host, "X-Auth-Token": token or ""},
                body=request.content,
            )

        def understand(answer: VendorAnswer) -> VendorAnswer:
            if answer.ok or answer.status == 401:
                return answer
            raise self._refusal(operation, answer, write=write)

        return await self.http.send(operation, signed, understand, write=write)

    def _refusal(self, operation: str, answer: VendorAnswer, *, write: bool) -> GatewayError:
        code, text, in_body = _error_of(answer)
        request_id = answer.headers.get("x-request-id") or in_body
        backend = self.http.backend
        if answer.status == 404 and _says_so_itself(code):
            return NotFound(f"Backend {backend} knows no such object ({operation}).", backend=backend)
        if answer.status == 429:
            return self.http.throttled(operation, answer)
        if answer.status >= 500:
            return self.http.failed(operation, answer, write=write, request_id=request_id)
        return VendorRejected(
            f"Backend {backend} refused {operation} with HTTP {answer.status}.{_advice(answer.status)}",
            http_status=answer.status,
            vendor_code=code,
            vendor_message=text,
            request_id=request_id,
            backend=backend,
        )


def _says_so_itself(code: str | None) -> bool:
    """Whether IoTDA spoke: a page without a code, or of the API gateway before it, says nothing about an object."""
    return code is not None and not code.startswith("APIGW.")


def request_ids(answer: VendorAnswer) -> tuple[str, ...]:
    """The vendor's request id, where it sent one."""
    found = answer.headers.get("x-request-id")
    return (found[:_MESSAGE_KEPT],) if found else ()


def _host_header(base_url: str) -> str:
    parts = urlsplit(base_url)
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return parts.netloc.lower().removesuffix(default)


def _advice(status: int) -> str:
    if status == 401:
        return (
            " Check the credentials, the clock (15 minutes are allowed) and `signing`: instance hosts want the "
            "derived signature, the shared host the plain one."
        )
    if status == 403:
        return " Check the permissions of this user and that project_id and instance_id belong together."
    return ""


def _error_of(answer: VendorAnswer) -> tuple[str | None, str | None, str | None]:
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None, None
    if not isinstance(body, dict):
        return None, None, None
    request_id = body.get("request_id")
    for code_key, text_key in _ERROR_PAIRS:
        if body.get(code_key) is not None:
            text = body.get(text_key)
            return (
                str(body[code_key])[:_MESSAGE_KEPT],
                None if text is None else str(text)[:_MESSAGE_KEPT],
                str(request_id) if request_id else None,
            )
    return None, None, str(request_id) if request_id else None
