"""OtaError: expected failures as data, one type for each class of gateway.domain.errors.

graphql-core raises whatever exception it meets as a value, and domain errors are exceptions. So fields that show them
hand on a stand-in with the same attributes; `shown_error` and `shown_errors` declare such fields.
"""

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLResolveInfo

from gateway.domain import errors
from gateway.domain.errors import ErrorCode
from gateway.domain.operations import Operation
from gateway.plans.hints import HINT, PlainRead, showing
from gateway.schema.context import RequestInfo


class ErrorAsData:
    """A domain error that may be a value. Any attribute is the error's own."""

    __slots__ = ("error",)

    def __init__(self, error: errors.GatewayError) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.error, name)


def _shows(kind: type[errors.GatewayError]) -> Any:
    def is_type_of(found: object, _info: GraphQLResolveInfo[Any]) -> bool:
        return isinstance(found, ErrorAsData) and isinstance(found.error, kind)

    return staticmethod(showing(kind, is_type_of, of="error"))


@strawberry.interface(description="An expected failure. Its message says what to do next.")
class OtaError:
    """Over domain.errors.GatewayError."""

    code: ErrorCode = strawberry.field(description="Stable; branch on this.")
    message: str = strawberry.field(description="For people: what is wrong and what to do next.")
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")
    backend: str | None = strawberry.field(description="The backend it concerns, if one.")
    target: str | None = strawberry.field(description="The id or device name it concerns, as it was given.")


@strawberry.type(description="What was asked breaks a rule; nothing was called.")
class OtaInvalidInput(OtaError):
    """Over InvalidInput."""

    is_type_of = _shows(errors.InvalidInput)
    path: list[str] = strawberry.field(description="The way to the field inside the input.")
    rule: str = strawberry.field(description="What is accepted there.")


@strawberry.type(description="There is no such object.")
class OtaNotFound(OtaError):
    """Over NotFound."""

    is_type_of = _shows(errors.NotFound)


@strawberry.type(description="The caller may not do this.")
class OtaPermissionDenied(OtaError):
    """Over PermissionDenied."""

    is_type_of = _shows(errors.PermissionDenied)


@strawberry.type(description="The vendor has no such operation.")
class OtaUnsupportedByVendor(OtaError):
    """Over UnsupportedByVendor."""

    is_type_of = _shows(errors.UnsupportedByVendor)
    operation: Operation = strawberry.field(description="What was asked for.")
    alternatives: list[Operation] = strawberry.field(description="What the vendor has instead.")


@strawberry.type(description="The object's state does not allow it.")
class OtaInvalidState(OtaError):
    """Over InvalidState."""

    is_type_of = _shows(errors.InvalidState)
    vendor_status: str | None = strawberry.field(description="The state, in the vendor's exact spelling.")
    needs_force: bool = strawberry.field(description="Whether it would be accepted with `force: true`.")


@strawberry.type(description="Live tasks use the package.")
class OtaInUse(OtaError):
    """Over InUse."""

    is_type_of = _shows(errors.InUse)
    used_by: list[strawberry.ID] = strawberry.field(description="The tasks that were found.")
    complete: bool = strawberry.field(description="False when the search for them could not finish.")


@strawberry.type(description="Another object stands under the same key now; it was left alone.")
class OtaGenerationChanged(OtaError):
    """Over GenerationChanged."""

    is_type_of = _shows(errors.GenerationChanged)
    expected: str | None = strawberry.field(description="The id or fingerprint that was asked for.")
    found: str | None = strawberry.field(description="The id or fingerprint of what stands there now.")


@strawberry.type(
    description="VERSION_CONFLICT: it changed meanwhile. IDEMPOTENCY_CONFLICT: the key was used for another change. "
    "READ_ONLY: the backend is configured as read-only."
)
class OtaConflict(OtaError):
    """Over Conflict."""

    is_type_of = _shows(errors.Conflict)


@strawberry.type(description="The vendor, or the budget kept for it, asks to wait.")
class OtaThrottled(OtaError):
    """Over Throttled."""

    is_type_of = _shows(errors.Throttled)
    retry_after_seconds: float | None = strawberry.field(description="How long to wait, where that is known.")


@strawberry.type(description="The backend, or with LEDGER_UNAVAILABLE the audit, could not be asked. Nothing changed.")
class OtaBackendUnavailable(OtaError):
    """Over BackendUnavailable."""

    is_type_of = _shows(errors.BackendUnavailable)


@strawberry.type(description="The vendor said no, in words of its own.")
class OtaVendorRejected(OtaError):
    """Over VendorRejected."""

    is_type_of = _shows(errors.VendorRejected)
    http_status: int | None = strawberry.field(description="The HTTP status of its answer.")
    vendor_code: str | None = strawberry.field(description="Its error code, as it came.")
    vendor_message: str | None = strawberry.field(description="Its text, as it came.")
    request_id: str | None = strawberry.field(description="Its id of the request, for its support.")


@strawberry.type(description="A change was sent and no trustworthy answer came back: it may have happened.")
class OtaOutcomeUnknown(OtaError):
    """Over OutcomeUnknown."""

    is_type_of = _shows(errors.OutcomeUnknown)
    check_after_seconds: float | None = strawberry.field(description="When looking again is worth it.")


ERROR_TYPES: tuple[type, ...] = (
    OtaInvalidInput,
    OtaNotFound,
    OtaPermissionDenied,
    OtaUnsupportedByVendor,
    OtaInvalidState,
    OtaInUse,
    OtaGenerationChanged,
    OtaConflict,
    OtaThrottled,
    OtaBackendUnavailable,
    OtaVendorRejected,
    OtaOutcomeUnknown,
)


def shown_error(description: str) -> Any:
    """A field over the attribute of its own name, an error or None."""
    return _field(OtaError | None, description, _one)


def shown_errors(description: str) -> Any:
    """A field over the attribute of its own name, a sequence of errors."""
    return _field(list[OtaError], description, _many)


def _one(error: errors.GatewayError | None) -> ErrorAsData | None:
    return None if error is None else ErrorAsData(error)


def _many(several: list[errors.GatewayError]) -> list[ErrorAsData]:
    return [ErrorAsData(error) for error in several]


def _field(graphql_type: Any, description: str, shown: Callable[[Any], object]) -> Any:
    def resolve(root: strawberry.Parent[Any], info: RequestInfo) -> Any:
        return shown(getattr(root, info.python_name))

    return strawberry.field(
        resolver=resolve, graphql_type=graphql_type, description=description, metadata={HINT: PlainRead(shown=shown)}
    )
