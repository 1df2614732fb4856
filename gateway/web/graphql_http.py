"""GraphQL over HTTP: GET for queries, POST for queries and mutations, both for streams.

What is answered is decided in `answers`, what is streamed in `streams`.
"""

from collections.abc import Awaitable
from inspect import isawaitable

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.domain.answer_codes import AnswerCode
from gateway.web.answers import Answers, Asked, not_acceptable
from gateway.web.caching import SecondsFresh, this_moment_only
from gateway.web.disconnects import ToTheirEnd, only_reads
from gateway.web.explorer import Explorer
from gateway.web.graphql_request import (
    ClientGone,
    GraphQLRequest,
    from_body,
    from_query_string,
    head_of,
    read_body,
    too_large,
)
from gateway.web.identity import Identity
from gateway.web.negotiation import StreamForm, accepted_media_type, accepted_streams, accepts_html
from gateway.web.persisted_queries import PersistedQueries
from gateway.web.responses import JSON, refusal
from gateway.web.schema_port import ContextFactory, GraphQLSchemaPort
from gateway.web.streams.over_http import StreamsOverHttp, meant

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
        streams: StreamsOverHttp,
        *,
        explorer: Explorer,
        documents: PersistedQueries,
        body_bytes: int,
        seconds_fresh: SecondsFresh = this_moment_only,
    ) -> None:
        self._schema = schema
        self._answers = Answers(seconds_fresh, private=identity.asks)
        self._explorer = explorer
        self._documents = documents
        self._body_bytes = body_bytes
        self._identity = identity
        self._context_factory = context_factory
        self._changes = changes
        self._streams = streams

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
            return refusal(405, "Use GET or POST.", AnswerCode.METHOD_NOT_ALLOWED, headers={"allow": ALLOW})
        head = head_of(scope)
        if method == "GET" and accepts_html(head.accept) and "query" not in QueryParams(scope["query_string"]):
            return self._explorer.page(scope)
        body = b""
        media_type = accepted_media_type(head.accept)
        if method == "POST" and (media_type is not None or accepted_streams(head.accept) is not None):
            try:
                known = self._identity.note(scope)
                if known is not None:
                    await known
                body = await read_body(head, receive, self._body_bytes)
            except ClientGone:
                return None
            # As in `begin`.
            except Exception as problem:  # noqa: BLE001
                return self._answers.refused(problem, media_type or JSON)
        begun = self.begin(scope, body)
        return begun if isinstance(begun, Response) else await begun

    def begin(self, scope: Scope, body: bytes) -> Response | Awaitable[Response]:
        """The answer to a GET, or to a POST with its whole body; an awaitable of it where something is waited for."""
        method = scope["method"]
        head = head_of(scope)
        json_type = accepted_media_type(head.accept)
        streams = accepted_streams(head.accept)
        if json_type is None and streams is None:
            return self._answers.refused(not_acceptable(), JSON)
        media_type = json_type or JSON
        asked = Asked(method, head, media_type)
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
            asked.request = wanted
            if streams is not None:
                form = self._streams.form_for(scope, wanted, streams, takes_json=json_type is not None)
                if form is not None:
                    return self._streamed(scope, form, wanted, asked, takes_json=json_type is not None)
                if json_type is None:
                    raise not_acceptable(subscribing=self._streams.subscribes(wanted))
            context = self._context_factory(HTTPConnection(scope))
            if isawaitable(context):
                finishing = self._with(context, wanted, asked)
            else:
                made = self._run(context, wanted, method)
                if isinstance(made, ExecutionResult):
                    return self._answers.executed(made, asked, context)
                finishing = self._finish(made, asked, context)
        # Whatever breaks on the way is answered in GraphQL's own form, and logged.
        except Exception as problem:  # noqa: BLE001
            return self._answers.refused(problem, media_type)
        return finishing if only_reads(wanted.query) else self._changes.run(finishing)

    async def _once(self, known: Awaitable[None], scope: Scope, body: bytes, media_type: str) -> Response:
        try:
            await known
        # As in `begin`.
        except Exception as problem:  # noqa: BLE001
            return self._answers.refused(problem, media_type)
        begun = self.begin(scope, body)
        return begun if isinstance(begun, Response) else await begun

    async def _streamed(
        self, scope: Scope, form: StreamForm, wanted: GraphQLRequest, asked: Asked, *, takes_json: bool
    ) -> Response:
        try:
            made = self._context_factory(HTTPConnection(meant(scope)))
            context = await made if isawaitable(made) else made
            answer = await self._streams.answer(scope, context, wanted, form, takes_json=takes_json)
            return answer if isinstance(answer, Response) else self._answers.executed(answer, asked, context)
        # As in `begin`.
        except Exception as problem:  # noqa: BLE001
            return self._answers.refused(problem, asked.media_type)

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

    async def _with(self, making: Awaitable[object], wanted: GraphQLRequest, asked: Asked) -> Response:
        try:
            context = await making
            made = self._run(context, wanted, asked.method)
            return self._answers.executed(made if isinstance(made, ExecutionResult) else await made, asked, context)
        # As in `begin`.
        except Exception as problem:  # noqa: BLE001
            return self._answers.refused(problem, asked.media_type)

    async def _finish(self, made: Awaitable[ExecutionResult], asked: Asked, context: object) -> Response:
        try:
            return self._answers.executed(await made, asked, context)
        # As in `begin`.
        except Exception as problem:  # noqa: BLE001
            return self._answers.refused(problem, asked.media_type)
