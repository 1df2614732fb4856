"""What becomes of a GraphQL operation that came by HTTP: status, media type, caching and encoding, in one place.

A request that is none is 4xx always. A document that fails before it is executed is 200 for clients that take
application/json, as they are used to, and 400 in application/graphql-response+json. What was executed is 200, errors
or not; a read that a client holds already, by its ETag, is 304.
"""

from dataclasses import dataclass
from math import ceil
from typing import cast

from starlette.responses import Response
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.auth.refusals import KeysUnavailable, Unauthenticated
from gateway.domain.answer_codes import AnswerCode
from gateway.plans import OperationNotNamed, TooManyRequests
from gateway.web.caching import NO_STORE, SecondsFresh, cache_control, entity_tag, has_it
from gateway.web.compressing import compressed
from gateway.web.disconnects import only_reads
from gateway.web.graphql_errors import UNNAMED, never_executed, presented, too_often, unexpected
from gateway.web.graphql_request import GraphQLRequest, RequestHead
from gateway.web.identity import not_let_in
from gateway.web.persisted_queries import NOT_FOUND
from gateway.web.refusals import RequestRefused
from gateway.web.responses import GRAPHQL_JSON, JSON, JsonResponse, encode, json_response, refusal

_NO_JSON = f"Accept {GRAPHQL_JSON} or {JSON}."
_NO_STREAM = (
    "A subscription is a stream. Accept text/event-stream, or multipart/mixed;subscriptionSpec=1.0, or come by a "
    "websocket with the protocol graphql-transport-ws."
)
_VARY = "Accept, Accept-Encoding"
_VARY_BY_CALLER = f"{_VARY}, Authorization, X-Api-Key"
_STATUS: dict[str, int] = {
    AnswerCode.INTERNAL: 500,
    AnswerCode.FORBIDDEN: 403,
    AnswerCode.UNAUTHENTICATED: 401,
    AnswerCode.BACKEND_UNAVAILABLE: 503,
}


@dataclass(slots=True)
class Asked:
    """How an operation was asked for, and in which media type it is answered."""

    method: str
    head: RequestHead
    media_type: str
    request: GraphQLRequest | None = None


class Answers:
    """The answers of one endpoint. `private`: callers are known, and may see different things."""

    def __init__(self, seconds_fresh: SecondsFresh, *, private: bool) -> None:
        self._seconds_fresh = seconds_fresh
        self._private = private
        self._vary = _VARY_BY_CALLER if private else _VARY

    def executed(self, result: ExecutionResult, asked: Asked, context: object) -> Response:
        """The answer to an operation, in whose `context` it was executed or refused."""
        content: dict[str, object] = {}
        status = 200
        if result.errors:
            errors = [error.formatted for error in presented(result)]
            content["errors"] = errors
            if never_executed(result):
                if any(error.get("extensions", {}).get("code") == AnswerCode.INTERNAL for error in errors):
                    status = 500
                elif asked.media_type == GRAPHQL_JSON:
                    status = 400
            else:
                content["data"] = result.data
        else:
            content["data"] = result.data
        if result.extensions:
            content["extensions"] = result.extensions
        control = NO_STORE
        if not result.errors and asked.request is not None and only_reads(asked.request.query):
            control = cache_control(self._seconds_fresh(context), private=self._private)
        return self._sent(encode(content), status, asked, control)

    def refused(self, problem: Exception, media_type: str) -> Response:
        """The answer to a request that never became an operation, or that broke down on its way."""
        problem = _worded(problem)
        if isinstance(problem, Unauthenticated | KeysUnavailable):
            return not_let_in(problem, media_type)
        if isinstance(problem, TooManyRequests):
            wait = {"retry-after": str(ceil(problem.seconds))}
            return refusal(429, too_often(problem), AnswerCode.RATE_LIMITED, media_type=media_type, headers=wait)
        if isinstance(problem, RequestRefused):
            headers = {"allow": "POST"} if problem.status == 405 else None
            status = problem.status
            if problem.code == NOT_FOUND and media_type == JSON:
                # Apollo's clients take it for a step of the protocol, and 4xx for one that went wrong.
                status = 200
            return refusal(
                status, problem.message, problem.code, media_type=media_type, headers=headers, told=problem.told
            )
        error = unexpected(problem)
        code = cast("dict[str, dict[str, str]]", error)["extensions"]["code"]
        return json_response({"errors": [error]}, status=_STATUS.get(code, 400), media_type=media_type)

    def _sent(self, body: bytes, status: int, asked: Asked, control: str) -> Response:
        more: list[tuple[bytes, bytes]] = []
        if asked.method == "GET" and control is not NO_STORE:
            tag = entity_tag(body)
            more.append((b"etag", tag.encode()))
            if has_it(asked.head.if_none_match, tag):
                return JsonResponse(b"", 304, asked.media_type, control, self._vary, more)
        packed = compressed(body, asked.head.accept_encoding)
        if packed is not None:
            more.append((b"content-encoding", b"gzip"))
            body = packed
        return JsonResponse(body, status, asked.media_type, control, self._vary, more)


def not_acceptable(*, subscribing: bool = False) -> RequestRefused:
    """The refusal of a client that takes no form in which there is an answer."""
    return RequestRefused(406, _NO_STREAM if subscribing else _NO_JSON, AnswerCode.NOT_ACCEPTABLE)


def _worded(problem: Exception) -> Exception:
    """The refusal that a problem with the operation comes to; others as they are."""
    match problem:
        case CannotGetOperationTypeError(operation_name=name):
            named = f"The document has no operation named {name}." if name else "The document holds no operation."
            return RequestRefused(400, named)
        case InvalidOperationTypeError(operation_type=OperationType.SUBSCRIPTION):
            return not_acceptable(subscribing=True)
        case InvalidOperationTypeError():
            return RequestRefused(405, "A mutation needs POST.", AnswerCode.METHOD_NOT_ALLOWED)
        case MissingQueryError():
            return RequestRefused(400, "The query is empty.")
        case OperationNotNamed():
            return RequestRefused(400, UNNAMED)
        case _:
            return problem
