"""Everything that can go wrong, in one tree.

    GatewayError                 code
    |- InvalidInput              INVALID_INPUT           what was asked breaks a rule; `path` and `rule` say which
    |- NotFound                  NOT_FOUND
    |- PermissionDenied          PERMISSION_DENIED
    |- UnsupportedByVendor       UNSUPPORTED_BY_VENDOR   with what the vendor has instead
    |- InvalidState              INVALID_STATE           with the vendor's status, and whether force would help
    |- InUse                     IN_USE                  with who uses it, and whether the search was complete
    |- GenerationChanged         GENERATION_CHANGED      another object stands under the same key
    |- Conflict                  VERSION_CONFLICT, IDEMPOTENCY_CONFLICT, READ_ONLY
    |- Throttled                 THROTTLED
    |- BackendUnavailable        BACKEND_UNAVAILABLE, LEDGER_UNAVAILABLE
    |  `- TimedOut               BACKEND_UNAVAILABLE     the time allowed ran out
    |- VendorRejected            VENDOR_REJECTED         the vendor said no, in words of its own
    `- OutcomeUnknown            OUTCOME_UNKNOWN         sent, and no answer came back

They are raised, and they are data: mutations and lists carry them in their answers, attribute for attribute what
schema.graphql names. A message says what to do next and never holds a secret, a header or a URL with a signature.
"""

from collections.abc import Sequence
from enum import StrEnum

from gateway.domain.operations import Operation


class ErrorCode(StrEnum):
    """Stable codes that clients branch on."""

    INVALID_INPUT = "INVALID_INPUT"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    UNSUPPORTED_BY_VENDOR = "UNSUPPORTED_BY_VENDOR"
    INVALID_STATE = "INVALID_STATE"
    IN_USE = "IN_USE"
    GENERATION_CHANGED = "GENERATION_CHANGED"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    READ_ONLY = "READ_ONLY"
    THROTTLED = "THROTTLED"
    BACKEND_UNAVAILABLE = "BACKEND_UNAVAILABLE"
    VENDOR_REJECTED = "VENDOR_REJECTED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    LEDGER_UNAVAILABLE = "LEDGER_UNAVAILABLE"


class GatewayError(Exception):
    """An expected failure. `target` is the id or device name as the caller gave it."""

    code: ErrorCode
    retryable = False

    def __init__(self, message: str, *, backend: str | None = None, target: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.backend = backend
        self.target = target


class InvalidInput(GatewayError):
    """The request breaks a rule. `path` leads to the field, `rule` says what is accepted."""

    code = ErrorCode.INVALID_INPUT

    def __init__(
        self,
        message: str,
        *,
        path: Sequence[str],
        rule: str,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.path = list(path)
        self.rule = rule


class NotFound(GatewayError):
    """No such object in that backend, or none that the caller may see."""

    code = ErrorCode.NOT_FOUND


class PermissionDenied(GatewayError):
    """The caller may not do this."""

    code = ErrorCode.PERMISSION_DENIED


class UnsupportedByVendor(GatewayError):
    """The vendor has no such operation; `alternatives` lists what it has instead."""

    code = ErrorCode.UNSUPPORTED_BY_VENDOR

    def __init__(
        self,
        message: str,
        *,
        operation: Operation,
        alternatives: Sequence[Operation] = (),
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.operation = operation
        self.alternatives = list(alternatives)


class InvalidState(GatewayError):
    """The object's state does not allow it. `needs_force`: it would with `force: true`."""

    code = ErrorCode.INVALID_STATE

    def __init__(
        self,
        message: str,
        *,
        vendor_status: str | None = None,
        needs_force: bool = False,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.vendor_status = vendor_status
        self.needs_force = needs_force


class InUse(GatewayError):
    """Live tasks use the package. `complete` is false when the search for them could not finish."""

    code = ErrorCode.IN_USE

    def __init__(
        self,
        message: str,
        *,
        used_by: Sequence[str],
        complete: bool,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.used_by = list(used_by)
        self.complete = complete


class GenerationChanged(GatewayError):
    """Another object stands under the key the caller named. `found` is the id or fingerprint of what stands there."""

    code = ErrorCode.GENERATION_CHANGED

    def __init__(
        self,
        message: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.expected = expected
        self.found = found


class Conflict(GatewayError):
    """A version moved on, an idempotency key was used for something else, or the backend is read-only."""

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode,
        retryable: bool = False,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.code = code
        self.retryable = retryable


class Throttled(GatewayError):
    """The vendor, or the budget kept for it, asks to wait."""

    code = ErrorCode.THROTTLED
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.retry_after_seconds = retry_after_seconds


class BackendUnavailable(GatewayError):
    """The backend, or the ledger, could not be asked. Nothing was changed."""

    code = ErrorCode.BACKEND_UNAVAILABLE
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BACKEND_UNAVAILABLE,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.code = code


class TimedOut(BackendUnavailable):
    """The backend let the time allowed run out: asking it again costs as much."""


class VendorRejected(GatewayError):
    """The vendor refused, or answered what cannot be read. Its own code and text are carried as they came."""

    code = ErrorCode.VENDOR_REJECTED

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        vendor_code: str | None = None,
        vendor_message: str | None = None,
        request_id: str | None = None,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.http_status = http_status
        self.vendor_code = vendor_code
        self.vendor_message = vendor_message
        self.request_id = request_id


class OutcomeUnknown(GatewayError):
    """A change was sent and no trustworthy answer came back: it may have happened."""

    code = ErrorCode.OUTCOME_UNKNOWN
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        check_after_seconds: float | None = None,
        request_id: str | None = None,
        backend: str | None = None,
        target: str | None = None,
    ) -> None:
        super().__init__(message, backend=backend, target=target)
        self.check_after_seconds = check_after_seconds
        self.request_id = request_id
