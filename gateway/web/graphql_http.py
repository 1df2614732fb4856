"""GraphQL over HTTP: GET for queries, POST for queries and mutations, status and media type as the client asked.

Statuses are chosen here and nowhere else. A request that is none is 4xx always. A document that fails before it is
executed is 200 for clients that take application/json, as they are used to, and 400 in
application/graphql-response+json. What was executed is 200, errors or not.
"""

from collections.abc import Awaitable
from inspect import isawaitable
from math import ceil
from typing import cast

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.auth.refusals import KeysUnavailable, Unauthenticated
from gateway.plans import OperationNotNamed, TooManyRequests, TrustedDocuments
from gateway.web.disconnects import ToTheirEnd, only_reads
from gateway.web.explorer import Explorer
from gateway.web.graphql_errors import UNNAMED, never_executed, presented, too_often, unexpected
from gateway.web.graphql_request import (
    ClientGone,
    GraphQLRequest,
    RequestRefused,
    from_body,
    from_query_string,
    head_of,
    read_body,
    too_large,
)
from gateway.web.identity import Identity, not_let_in
from gateway.web.negotiation import accepted_media_type, accepts_html
from gateway.web.responses import GRAPHQL_JSON, JSON, json_response, refusal
from gateway.web.schema_port import ContextFactory, GraphQLSchemaPort

ALLOW = "GET, POST, OPTIONS"
_BY_METHOD = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}


class GraphQLOverHttp:
    """The endpoint, as an ASGI application."""

    def __init__(
        self,
        schema: GraphQLSchemaPort,
        context_factory: ContextFactory,
        changes: ToTheirEnd,
        identity: Identity,
        *,
        explorer: Explorer,
        documents: TrustedDocuments,
        body_bytes: int,
    ) -> None:
        self._schema = schema
        self._explorer = explorer
        self._documents = documents
        self._body_bytes = body_bytes
        self._identity = identity
        self._context_factory = context_factory
        self._changes = changes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response = await self.answer(scope, receive)
        if response is not None:
            await response(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer to one request; None where the client has gone."""
        method = scope["method"]
        if method == "OPTIONS":
            return Response(status_code=204, headers={"allow": ALLOW, "vary": "Accept"})
        if method not in _BY_METHOD:
            return refusal(405, "Use GET or POST.", "METHOD_NOT_ALLOWED", headers={"allow": ALLOW})
        head = head_of(scope)
        if method == "GET" and accepts_html(head.accept) and "query" not in QueryParams(scope["query_string"]):
            return self._explorer.page(scope)
        body = b""
        media_type = accepted_media_type(head.accept)
        if method == "POST" and media_type is not None:
            try:
                known = self._identity.note(scope)
                if known is not None:
                    await known
                body = await read_body(head, receive, self._body_bytes)
            except ClientGone:
                return None
            # As in `begin`.
            except Exception as problem:  # noqa: BLE001
                return _refused(problem, media_type)
        begun = self.begin(scope, body)
        return begun if isinstance(begun, Response) else await begun

    def begin(self, scope: Scope, body: bytes) -> Response | Awaitable[Response]:
        """The answer to a GET, or to a POST with its whole body; an awaitable of it where something is waited for."""
        method = scope["method"]
        head = head_of(scope)
        media_type = accepted_media_type(head.accept)
        if media_type is None:
            return refusal(406, f"Accept {GRAPHQL_JSON} or {JSON}.", "NOT_ACCEPTABLE")
        try:
            known = self._identity.note(scope)
            if known is not None:
                return self._once(known, scope, body, media_type)
            if method == "GET":
                wanted = from_query_string(scope["query_string"], self._documents)
            elif len(body) > self._body_bytes:
                raise too_large(self._body_bytes)
            else:
                wanted = from_body(head, body, self._documents)
            context = self._context_factory(HTTPConnection(scope))
            made = self._with(context, wanted, method) if isawaitable(context) else self._run(context, wanted, method)
            if isinstance(made, ExecutionResult):
                return _executed(made, media_type)
        # Whatever breaks on the way is answered in GraphQL's own form, and logged.
        except Exception as problem:  # noqa: BLE001
            return _refused(problem, media_type)
        finishing = self._finish(made, media_type)
        return finishing if only_reads(wanted.query) else self._changes.run(finishing)

    async def _once(self, known: Awaitable[None], scope: Scope, body: bytes, media_type: str) -> Response:
        try:
            await known
        # As in `begin`.
        except Exception as problem:  # noqa: BLE001
            return _refused(problem, media_type)
        begun = self.begin(scope, body)
        return begun if isinstance(begun, Response) else await begun

    def _run(
        self, context: object, wanted: GraphQLRequest, method: str
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        return self._schema.begin(
            wanted.query,
            variable_values=wanted.variables,
            context_value=context,
            operation_name=wanted.operation_name,
            allowed_operation_types=_BY_METHOD[method],
        )

    async def _with(self, context: Awaitable[object], wanted: GraphQLRequest, method: str) -> ExecutionResult:
        made = self._run(await context, wanted, method)
        return made if isinstance(made, ExecutionResult) else await made

    async def _finish(self, made: Awaitable[ExecutionResult], media_type: str) -> Response:
        try:
            return _executed(await made, media_type)
        # As in `begin`.
        except Exception as problem:  # noqa: BLE001
            return _refused(problem, media_type)


def _refused(problem: Exception, media_type: str) -> Response:
    if isinstance(problem, CannotGetOperationTypeError):
        name = problem.operation_name
        message = f"The document has no operation named {name}." if name else "The document holds no operation."
        problem = RequestRefused(400, message)
    elif isinstance(problem, InvalidOperationTypeError):
        if problem.operation_type is OperationType.SUBSCRIPTION:
            problem = RequestRefused(
                400, "Subscriptions are served over a websocket, with the protocol graphql-transport-ws."
            )
        else:
            problem = RequestRefused(405, "A mutation needs POST.", "METHOD_NOT_ALLOWED")
    elif isinstance(problem, MissingQueryError):
        problem = RequestRefused(400, "The query is empty.")
    elif isinstance(problem, OperationNotNamed):
        problem = RequestRefused(400, UNNAMED)
    if isinstance(problem, Unauthenticated | KeysUnavailable):
        return not_let_in(problem, media_type)
    if isinstance(problem, TooManyRequests):
        wait = {"retry-after": str(ceil(problem.seconds))}
        return refusal(429, too_often(problem), "RATE_LIMITED", media_type=media_type, headers=wait)
    if isinstance(problem, RequestRefused):
        headers = {"allow": "POST"} if problem.status == 405 else None
        return refusal(
            problem.status, problem.message, problem.code, media_type=media_type, headers=headers, told=problem.told
        )
    return _failed(unexpected(problem), media_type)


def _executed(result: ExecutionResult, media_type: str) -> Response:
    errors = [error.formatted for error in presented(result)]
    content: dict[str, object] = {}
    status = 200
    if errors:
        content["errors"] = errors
    if never_executed(result):
        if any(error.get("extensions", {}).get("code") == "INTERNAL" for error in errors):
            status = 500
        elif media_type == GRAPHQL_JSON:
            status = 400
    else:
        content["data"] = result.data
    if result.extensions:
        content["extensions"] = result.extensions
    return json_response(content, status=status, media_type=media_type)


def _failed(error: object, media_type: str) -> Response:
    code = cast("dict[str, dict[str, str]]", error)["extensions"]["code"]
    status = {"INTERNAL": 500, "FORBIDDEN": 403, "UNAUTHENTICATED": 401, "BACKEND_UNAVAILABLE": 503}.get(code, 400)
    return json_response({"errors": [error]}, status=status, media_type=media_type)
