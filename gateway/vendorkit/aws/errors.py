"""AWS errors on the wire, and the domain errors they mean. The code decides, never the text, and the status only
where there is no code: the same code comes with different statuses from different services.
"""

import re
from collections.abc import Mapping

import msgspec

from gateway.domain.errors import (
    Conflict,
    ErrorCode,
    GatewayError,
    InvalidState,
    NotFound,
    VendorRejected,
)
from gateway.vendorkit.http import VendorAnswer, VendorHttp

# The codes botocore's standard retry mode calls throttling, but for LimitExceededException: here that is a standing
# cap (ten jobs in deletion, for one), which waiting a second does not lift.
THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "PriorRequestNotComplete",
        "SlowDown",
        "EC2ThrottledException",
    }
)
BROKEN_DOWN = frozenset(
    {
        "InternalFailure",
        "InternalFailureException",
        "InternalServerException",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
# Their texts quote the canonical request, session token and all, so they are not passed on.
_SIGNATURE = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"})
_CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch"})
CREDENTIALS = (
    frozenset(
        {
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedException",
            "NotAuthorized",
            "ForbiddenException",
            "ExpiredToken",
            "ExpiredTokenException",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "OptInRequired",
        }
    )
    | _SIGNATURE
    | _CLOCK
)
LIMITS = frozenset({"LimitExceededException", "ServiceQuotaExceededException"})
TAKEN = frozenset({"ResourceAlreadyExistsException", "ConflictException"})

_TEXT_KEPT = 1024
_CODE_KEPT = 256
_MILLISECONDS = re.compile(r"[0-9]{1,12}")


def request_id(headers: Mapping[str, str]) -> str | None:
    """The id AWS support asks for."""
    found = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id")
    return found[:_CODE_KEPT] if found else None


def error_code(answer: VendorAnswer) -> tuple[str | None, str | None]:
    """Code and text of a refusal, as botocore finds them: header, then `code`, then `__type`; cut at `:` and `#`."""
    members = _members(answer.body)
    code = answer.headers.get("x-amzn-errortype") or _text(members, "code", "Code", "__type")
    if code is not None:
        code = code.partition(":")[0].rpartition("#")[2].strip()[:_CODE_KEPT] or None
    return code, _text(members, "message", "Message", "errorMessage")


def _members(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _text(members: Mapping[str, object], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := members.get(name), str) and value), None)


def refusal_of(
    http: VendorHttp, operation: str, answer: VendorAnswer, *, write: bool, force_helps: bool = False
) -> GatewayError:
    """The domain error for an answer that is not a success. `force_helps`: the same call with force would do."""
    code, text = error_code(answer)
    found_id = request_id(answer.headers)
    backend = http.backend
    if code in THROTTLING or (code is None and answer.status == 429):
        return _throttled(http, operation, answer)
    if code in BROKEN_DOWN or answer.status >= 500:
        return http.failed(operation, answer, write=write, request_id=found_id)
    if code == "ResourceNotFoundException":
        return NotFound(f"Backend {backend} has no such object ({operation}).", backend=backend)
    if code == "InvalidStateTransitionException":
        hint = "Repeat it with force: true if you mean it." if force_helps else "Read the object again."
        return InvalidState(
            f"Backend {backend} refused {operation}: the object's state does not allow it. {hint}",
            needs_force=force_helps,
            backend=backend,
        )
    if code == "VersionConflictException":
        return Conflict(
            f"Backend {backend} refused {operation}: the object changed meanwhile. Read it again before repeating.",
            code=ErrorCode.VERSION_CONFLICT,
            backend=backend,
        )
    return VendorRejected(
        f"Backend {backend} refused {operation} ({code or f'HTTP {answer.status}'}). {_advice(code, answer.status)}",
        http_status=answer.status,
        vendor_code=code,
        vendor_message=None if code in _SIGNATURE or text is None else text[:_TEXT_KEPT],
        request_id=found_id,
        backend=backend,
    )


def _throttled(http: VendorHttp, operation: str, answer: VendorAnswer) -> GatewayError:
    error = http.throttled(operation, answer)
    milliseconds = answer.headers.get("x-amz-retry-after", "")
    if _MILLISECONDS.fullmatch(milliseconds):
        error.retry_after_seconds = int(milliseconds) / 1000
    return error


def _advice(code: str | None, status: int) -> str:
    if code in _CLOCK:
        return "Check this backend's keys and Region, and that the gateway's clock is right."
    if code in CREDENTIALS or (code is None and status in {401, 403}):
        return "Check this backend's credentials and what its IAM policy allows."
    if code in LIMITS:
        return "A limit of the account is reached; waiting a moment does not help."
    if code in TAKEN:
        return "Something of that name or token exists already: choose another name, or read what is there."
    return "Correct the request as the vendor's text says."
