"""GraphQL over websockets (graphql-transport-ws): Strawberry's handling, with our errors and strict messages."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from inspect import isawaitable
from json import JSONDecodeError
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from gateway.auth.refusals import Unauthenticated
from gateway.domain.answer_codes import AnswerCode
from gateway.plans import OperationNotNamed, TooManyRequests
from gateway.web.errands import Errands
from gateway.web.expiry import has_expired
from gateway.web.graphql_errors import UNNAMED, refused, too_often
from gateway.web.graphql_request import GraphQLRequest, check_members
from gateway.web.identity import CODE, EXPIRED, Identity, principal_of, told
from gateway.web.open_streams import OpenStreams
from gateway.web.persisted_queries import PersistedQueries, names_document
from gateway.web.refusals import RequestRefused
from gateway.web.responses import encode
from gateway.web.schema_port import ContextFactory
from gateway.web.streams.operations import Operations, Results
from gateway.web.websocket_connection import WebsocketConnection

_INITIALISED_WITHIN = timedelta(seconds=20)


# A browser cannot send headers with a websocket; its first message can hold what they would.
_AS_HEADERS = {"Authorization": b"authorization", "authorization": b"authorization", "apiKey": b"x-api-key"}


@dataclass(slots=True)
class _Connection:
    """One websocket. `connection_params` is the payload of its first message."""

    socket: WebSocket
    connection_params: dict[str, Any] | None = None


class GraphQLOverWebsocket(GraphQL[object, None]):
    """The endpoint for websocket connections. Who may connect is decided before it."""

    graphql_transport_ws_handler_class = WebsocketConnection

    def __init__(
        self,
        operations: Operations,
        context_factory: ContextFactory,
        streams: OpenStreams,
        identity: Identity,
        errands: Errands,
        *,
        documents: PersistedQueries,
    ) -> None:
        # Of a schema, the websocket part calls `stream` alone.
        spoken = cast("BaseSchema", _Streaming(operations, context_factory, errands))
        super().__init__(
            spoken,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=_INITIALISED_WITHIN,
        )
        self.streams = streams
        self.operations = operations
        self._identity = identity
        self._documents = documents

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> object:
        """The connection, of which each operation makes a context of its own."""
        return _Connection(cast("WebSocket", request))

    async def on_ws_connect(self, context: object) -> UnsetType | dict[str, object] | None:
        """Find out who calls, from the headers or from the first message. Refused, the connection closes with 4403.

        Raises KeysUnavailable.
        """
        connection = cast("_Connection", context)
        try:
            known = self._identity.note(connection.socket.scope, _credentials(connection.connection_params or {}))
            if known is not None:
                await known
        except Unauthenticated as problem:
            told(problem)
            raise ConnectionRejectionError from None
        acknowledged: UnsetType = UNSET
        return acknowledged

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        """Yes: the host guard stands before this and has looked."""
        return True

    def decode_json(self, data: str | bytes) -> object:
        """Read a message. Raises JSONDecodeError, which closes with 4400, for what the protocol does not know."""
        message = orjson.loads(data)
        if not _is_message(message):
            raise JSONDecodeError("not a message of graphql-transport-ws", "", 0)
        if message["type"] == "subscribe":
            _find_document(message["payload"], self._documents)
        return message

    def encode_json(self, data: object) -> str:
        """Write a message."""
        return encode(data).decode()


def _credentials(params: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    shown = [(header, params[name]) for name, header in _AS_HEADERS.items() if params.get(name) is not None]
    if not all(isinstance(value, str) for _, value in shown):
        raise Unauthenticated("the first message's credentials are no text")
    return [(header, value.encode()) for header, value in shown]


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
    if not isinstance(payload, dict) or not names_document(payload):
        return False
    try:
        check_members(payload)
    except RequestRefused:
        return False
    return True


class _NoDocument(str):
    """Stands where the text of a document should, with why there is none: answered as an operation is."""

    problem: RequestRefused


def _find_document(payload: dict[str, Any], documents: PersistedQueries) -> None:
    """Put the document into the payload."""
    try:
        payload["query"] = documents.text(payload)
    except RequestRefused as problem:
        payload["query"] = _NoDocument()
        payload["query"].problem = problem


class _Streaming:
    """What the websocket part calls of a schema: `stream`, which never raises for what a client did."""

    def __init__(self, operations: Operations, context_factory: ContextFactory, errands: Errands) -> None:
        self._operations = operations
        self._context_factory = context_factory
        self._errands = errands

    async def stream(
        self,
        query: str,
        variable_values: dict[str, Any] | None = None,
        context_value: object = None,
        root_value: object = None,
        operation_name: str | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Run one operation of a connection, in a context of its own."""
        socket = cast("_Connection", context_value).socket
        wanted = GraphQLRequest(query, variable_values, operation_name or None)
        return self._errands.told(socket.scope, lambda: self._begun(socket, wanted))

    async def _begun(self, socket: WebSocket, wanted: GraphQLRequest) -> Results:
        principal, query = principal_of(socket), wanted.query
        if has_expired(principal):
            return _never(EXPIRED, CODE)
        if isinstance(query, _NoDocument):
            return _never(query.problem.message, query.problem.code)
        made = self._context_factory(socket)
        context = await made if isawaitable(made) else made
        try:
            return await self._operations.begin(principal, context, wanted)
        except OperationNotNamed:
            return _never(UNNAMED, AnswerCode.GRAPHQL_VALIDATION_FAILED)
        except TooManyRequests as problem:
            return _never(too_often(problem), AnswerCode.RATE_LIMITED)


async def _never(message: str, code: str) -> Results:
    yield PreExecutionError(data=None, errors=[refused(message, code)])
