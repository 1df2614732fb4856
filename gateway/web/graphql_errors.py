"""Top-level GraphQL errors as clients see them: a stable `extensions.code`, and nothing that was not meant for them.

    GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED   the document
    BAD_USER_INPUT        variables, arguments, ids, cursors; with `path` and `rule` where a domain rule says no
    BACKEND_UNAVAILABLE   a single object could not be asked for; with `backend`
    FORBIDDEN             the caller may not
    LIMIT_EXCEEDED        too much of something; with `limit`, `maximum` and, where it was counted, `found`
    RATE_LIMITED          too often, over a websocket; by HTTP it is a status
    INTERNAL              anything unexpected: "Internal error" and an `id` under which the log has the traceback

What a schema extension or resolver raises as a GraphQLError with a code of its own passes as it is.
"""

import re
import secrets
from math import ceil
from typing import Any, Final

import structlog
from graphql import GraphQLError, GraphQLFormattedError, GraphQLSyntaxError
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gateway.domain.answer_codes import AnswerCode
from gateway.domain.errors import (
    BackendUnavailable,
    ErrorCode,
    GatewayError,
    InvalidInput,
    PermissionDenied,
    Throttled,
    VendorRejected,
)
from gateway.observability.errand import present
from gateway.plans import TooManyRequests

UNNAMED: Final = "The document holds several operations: give an operationName."

_OF_VARIABLES: Final = ("Variable '$", "Too many errors processing variables")
_OF_VALUES: Final = re.compile(r"Variable '\$\w+' has invalid value|Too many errors processing variables")

_log = structlog.get_logger(__name__)

_BACKEND_FAILURES = (BackendUnavailable, Throttled, VendorRejected)


def presentable(error: GraphQLError, *, before_execution: bool) -> GraphQLError:
    """The error as the client may see it. What is unexpected is logged here, with its traceback."""
    _went("refused" if before_execution else "errors")
    cause = _cause(error)
    if isinstance(cause, GatewayError):
        return _with(error, cause.message, _of_gateway(cause))
    given = error.extensions or {}
    if cause is None and "code" in given:
        return error
    if isinstance(cause, RecursionError) and before_execution:
        return _with(error, "The document is nested too deeply.", {"code": AnswerCode.GRAPHQL_VALIDATION_FAILED})
    if cause is None or isinstance(cause, GraphQLError):
        code = _code_of(error, before_execution=before_execution)
        if code is not None:
            return _with(error, error.message, {**given, "code": code})
    elif _is_about_variables(error):
        # A scalar's own parser refused; graphql-core tells so in words of its own.
        return _with(error, error.message, {"code": AnswerCode.BAD_USER_INPUT})
    return _internal(error, cause or error)


def presented(result: ExecutionResult) -> list[GraphQLError]:
    """The errors of a result, presentable."""
    early = isinstance(result, PreExecutionError)
    errors = [presentable(error, before_execution=early) for error in result.errors or ()]
    if errors and never_executed(result):
        _went("refused")
    return errors


def never_executed(result: ExecutionResult) -> bool:
    """Whether the request failed before its operation began, so that there is no data, not even null."""
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def unexpected(error: BaseException) -> GraphQLFormattedError:
    """An exception from outside a resolver, logged and made presentable."""
    wrapped = GraphQLError(str(error), original_error=error if isinstance(error, Exception) else None)
    return presentable(wrapped, before_execution=True).formatted


def too_often(problem: TooManyRequests) -> str:
    """What to say to a principal who has asked too often."""
    return f"You ask too often. Repeat after {ceil(problem.seconds)} s, and spread your requests."


def refused(message: str, code: str) -> GraphQLError:
    """An error of the gateway's own making."""
    _went("refused")
    return GraphQLError(message, extensions={"code": code})


def _went(outcome: str) -> None:
    errand = present()
    if errand is not None:
        errand.went(outcome)


def _cause(error: GraphQLError) -> Exception | None:
    """What was raised, under the errors that graphql-core wrapped around it."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _of_gateway(error: GatewayError) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": AnswerCode.BAD_USER_INPUT,
        "reason": error.code.value,
        "retryable": error.retryable,
    }
    if isinstance(error, _BACKEND_FAILURES) or error.code is ErrorCode.OUTCOME_UNKNOWN:
        found["code"] = AnswerCode.BACKEND_UNAVAILABLE
    elif isinstance(error, PermissionDenied):
        found["code"] = AnswerCode.FORBIDDEN
    if error.backend is not None:
        found["backend"] = error.backend
    if isinstance(error, InvalidInput):
        found |= {"path": error.path, "rule": error.rule}
    if isinstance(error, Throttled) and error.retry_after_seconds is not None:
        found["retryAfterSeconds"] = error.retry_after_seconds
    return found


def _code_of(error: GraphQLError, *, before_execution: bool) -> str | None:
    if isinstance(error, GraphQLSyntaxError):
        return AnswerCode.GRAPHQL_PARSE_FAILED
    if before_execution:
        # The variables of a subscription are looked at before it begins.
        return AnswerCode.BAD_USER_INPUT if _OF_VALUES.match(error.message) else AnswerCode.GRAPHQL_VALIDATION_FAILED
    if _is_about_variables(error):
        return AnswerCode.BAD_USER_INPUT
    # An argument's value is at fault when the error points at it; at fault for a whole field is the gateway.
    at_field = not error.nodes or error.nodes[0].kind == "field"
    return None if at_field else AnswerCode.BAD_USER_INPUT


def _is_about_variables(error: GraphQLError) -> bool:
    return error.path is None and error.message.startswith(_OF_VARIABLES)


def _with(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message, nodes=error.nodes, source=error.source, positions=error.positions, path=error.path,
        extensions=extensions,
    )  # fmt: skip


def _internal(error: GraphQLError, cause: BaseException) -> GraphQLError:
    number = secrets.token_hex(8)
    _went("failed")
    path = ".".join(str(part) for part in error.path or ())
    _log.error("unexpected_error", id=number, path=path, exc_info=(type(cause), cause, cause.__traceback__))
    return _with(error, "Internal error", {"code": AnswerCode.INTERNAL, "id": number})
