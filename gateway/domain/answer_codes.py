"""The codes under which a GraphQL answer says what went wrong at its top level, and what they mean.

Errors that are data, in payloads and lists, have codes of their own: `errors.ErrorCode`.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class AnswerCode(StrEnum):
    """`extensions.code` of a top-level error, or of a request that never became an operation."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BACKEND_UNAVAILABLE = "BACKEND_UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    KEYS_UNAVAILABLE = "KEYS_UNAVAILABLE"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    GOING_AWAY = "GOING_AWAY"
    INTERNAL = "INTERNAL"
    BAD_REQUEST = "BAD_REQUEST"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"


class Refusal(NamedTuple):
    """How a request is refused that never became an operation: the HTTP statuses, and what it means."""

    statuses: tuple[int, ...]
    means: str


IN_ANSWERS: Final[dict[AnswerCode, str]] = {
    AnswerCode.GRAPHQL_PARSE_FAILED: "The document is no GraphQL.",
    AnswerCode.GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema, or it holds several operations and "
    "names none.",
    AnswerCode.BAD_USER_INPUT: "A variable, argument, id or cursor is malformed. `path` and `rule` say where and what "
    "is accepted; `reason` is a code of the first list.",
    AnswerCode.BACKEND_UNAVAILABLE: "A single object could not be asked for: its field is null, and that does not mean "
    "that it is gone. `backend` and `retryable` go with it.",
    AnswerCode.UNAUTHENTICATED: "Who asks is not known (401): the request shows no credentials, none that are valid, "
    "or several. In a stream: they have expired. [Who may call](auth.md).",
    AnswerCode.KEYS_UNAVAILABLE: "Tokens cannot be judged (503), since the identity provider's keys could not be "
    "fetched yet. The token may be good: repeat after `Retry-After`.",
    AnswerCode.FORBIDDEN: "The caller may not; or (403) a foreign page asked, or (421) by a host name that is not "
    "served here.",
    AnswerCode.LIMIT_EXCEEDED: "The request holds or asks for too much of something: `limit` names it, `maximum` and "
    "`found` say how much. [Limits](limits.md).",
    AnswerCode.RATE_LIMITED: "The caller asks too often; over HTTP it is 429 with `Retry-After`.",
    AnswerCode.GOING_AWAY: "The process ends, and with it a subscription in parts. "
    "[Subscribe again](subscriptions.md).",
    AnswerCode.INTERNAL: "Something unexpected. The log has the traceback under the error's `id`.",
}

OF_REQUESTS: Final[dict[AnswerCode, Refusal]] = {
    AnswerCode.BAD_REQUEST: Refusal((400,), "The request is no GraphQL request; the message says why."),
    AnswerCode.NOT_FOUND: Refusal((404,), "Nothing is served at this path. GraphQL is at `/graphql`."),
    AnswerCode.METHOD_NOT_ALLOWED: Refusal((405,), "GET is for queries, POST for everything."),
    AnswerCode.NOT_ACCEPTABLE: Refusal(
        (406,),
        "`Accept` allows neither `application/graphql-response+json` nor `application/json`, or names no stream for a "
        "[subscription](subscriptions.md).",
    ),
    AnswerCode.PERSISTED_QUERY_NOT_FOUND: Refusal(
        (200, 400),
        "No text is registered under this `sha256Hash`: send it once with the text. 200 where the client takes "
        "`application/json`, as Apollo's clients expect. [Persisted queries](http.md#persisted-queries).",
    ),
    AnswerCode.DOCUMENT_NOT_TRUSTED: Refusal(
        (400,),
        "Only the documents of a manifest are executed here, or the id is in none. "
        "[Trusted documents](limits.md#trusted-documents).",
    ),
    AnswerCode.LIMIT_EXCEEDED: Refusal((413,), "The body is too large."),
    AnswerCode.RATE_LIMITED: Refusal(
        (429,), "The caller asks too often. `Retry-After` says for how many seconds to wait."
    ),
    AnswerCode.UNSUPPORTED_MEDIA_TYPE: Refusal(
        (415,), "Send `application/json`, in UTF-8, without a content encoding."
    ),
}
