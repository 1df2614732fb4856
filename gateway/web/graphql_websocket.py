"""GraphQL over websockets (graphql-transport-ws): Strawberry's handling, with our errors and strict messages."""

from collections.abc import AsyncGenerator
from inspect import isawaitable
from json import JSONDecodeError
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gateway.web.graphql_errors import presented, refused
from gateway.web.graphql_request import GraphQLRequest, RequestRefused, from_members, names_too_little
from gateway.web.responses import encode
from gateway.web.schema_port import ContextFactory, GraphQLSchemaPort


class GraphQLOverWebsocket(GraphQL[object, None]):
    """The endpoint for websocket connections. Who may connect is decided before it."""

    def __init__(self, schema: GraphQLSchemaPort, context_factory: ContextFactory) -> None:
        # Of a schema, the websocket part calls `stream` alone.
        spoken = cast("BaseSchema", _PresentableSchema(schema))
        super().__init__(spoken, graphql_ide=None, subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,))
        self._context_factory = context_factory

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> object:
        """The context of all operations of one connection."""
        made = self._context_factory(request)
        return await made if isawaitable(made) else made

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        """Yes: the host guard stands before this and has looked."""
        return True

    def decode_json(self, data: str | bytes) -> object:
        """Read a message. Raises JSONDecodeError, which closes with 4400, for what the protocol does not know."""
        message = orjson.loads(data)
        if not _is_message(message):
            raise JSONDecodeError("not a message of graphql-transport-ws", "", 0)
        return message

    def encode_json(self, data: object) -> str:
        """Write a message."""
        return encode(data).decode()


def _is_message(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] not in ("subscribe", "complete"):
        return True
    if not isinstance(message.get("id"), str):
        return False
    if message["type"] == "complete":
        return True
    payload = message.get("payload")
    try:
        return isinstance(payload, dict) and bool(from_members(payload))
    except RequestRefused:
        return False


class _PresentableSchema:
    """A schema whose streamed errors are presentable, and which never guesses which operation was meant."""

    def __init__(self, schema: GraphQLSchemaPort) -> None:
        self._schema = schema

    async def stream(
        self,
        query: str,
        variable_values: dict[str, Any] | None = None,
        context_value: object = None,
        root_value: object = None,
        operation_name: str | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Run one operation of a connection."""
        wanted = GraphQLRequest(query, variable_values, operation_name or None)
        if names_too_little(wanted):
            return _ambiguous()
        results = await self._schema.stream(
            query,
            variable_values=variable_values,
            context_value=context_value,
            operation_name=wanted.operation_name,
        )
        return _presentable_results(cast("AsyncGenerator[Any, None]", results))


async def _ambiguous() -> AsyncGenerator[Any, None]:
    error = refused("The document holds several operations: give an operationName.", "GRAPHQL_VALIDATION_FAILED")
    yield PreExecutionError(data=None, errors=[error])


async def _presentable_results(results: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    try:
        async for result in results:
            if isinstance(result, ExecutionResult) and result.errors:
                result.errors = list(presented(result))
            yield result
    finally:
        await results.aclose()
