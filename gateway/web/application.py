"""create_web: the Starlette application, from the outermost layer to the endpoint.

HostGuard        who may call at all
CORS             which pages may read the answers
routes           /graphql by HTTP and websocket, /assets, /metrics, /healthz, /readyz, the board at /
"""

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Lifespan, Receive, Scope, Send

from gateway.domain.answer_codes import AnswerCode
from gateway.observability.errand import Errand, on
from gateway.observability.tracing import NO_TRACING, Tracing
from gateway.plans import NO_DOCUMENTS, TrustedDocuments
from gateway.settings import LimitSettings, ObservabilitySettings, ServerSettings
from gateway.web.board import board_routes
from gateway.web.caching import SecondsFresh, this_moment_only
from gateway.web.cors import cors
from gateway.web.disconnects import ToTheirEnd
from gateway.web.errands import Errands, ToldEndpoint
from gateway.web.explorer import BUNDLE, Explorer
from gateway.web.graphql_http import GraphQLOverHttp
from gateway.web.graphql_websocket import GraphQLOverWebsocket
from gateway.web.health import Readiness, Standing, health_routes
from gateway.web.host_guard import HostGuard
from gateway.web.identity import Identify, Identity
from gateway.web.leaving import Leaving
from gateway.web.metrics import metrics_route
from gateway.web.open_streams import OpenStreams
from gateway.web.persisted_queries import PersistedQueries
from gateway.web.request_ids import HEADER, request_id_of, telling
from gateway.web.responses import refusal
from gateway.web.schema_port import ContextFactory, GraphQLSchemaPort
from gateway.web.streams.answer import HEARTBEAT_SECONDS
from gateway.web.streams.operations import Operations
from gateway.web.streams.over_http import StreamsOverHttp

_PATH = "/graphql"
# As CORS would have it: with an origin, the answer would have had other headers.
_VARY_ORIGIN = (b"vary", b"Origin")


def create_web(
    schema: GraphQLSchemaPort,
    context_factory: ContextFactory,
    *,
    server: ServerSettings,
    limits: LimitSettings | None = None,
    documents: TrustedDocuments = NO_DOCUMENTS,
    identify: Identify | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    leaving: Leaving | None = None,
    explorer: Path = BUNDLE,
    seconds_fresh: SecondsFresh = this_moment_only,
    observability: ObservabilitySettings | None = None,
    tracing: Tracing = NO_TRACING,
    standing: Standing | None = None,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> "Web":
    """The application. `context_factory` is given the request or the websocket; it may be async.

    `identify` tells who calls, by the headers of a request and the names of its client certificate; without it, it is
    anybody. `leaving` is for whoever else wants to know that the process was told to end. `explorer` is the folder
    that GraphiQL was built into. `seconds_fresh` tells from a context how long its answer is as good as a new one.
    `standing` tells how what is behind the gateway stands. `heartbeat` is how many seconds a stream may be silent.
    """
    leaving = leaving or Leaving(server.shutdown_timeout.total_seconds())
    readiness = Readiness(leaving)
    changes = ToTheirEnd()
    streams = OpenStreams()
    operations = Operations(schema, changes)
    identity = Identity(identify)
    body_bytes = (limits or LimitSettings()).body_bytes
    explored = Explorer(explorer)
    known = PersistedQueries(documents)
    told = observability or ObservabilitySettings()
    errands = Errands(tracing, log_requests=told.log_requests)
    bare_endpoint = GraphQLOverHttp(
        schema,
        context_factory,
        changes,
        identity,
        StreamsOverHttp(operations, streams, heartbeat=heartbeat),
        explorer=explored,
        documents=known,
        body_bytes=body_bytes,
        seconds_fresh=seconds_fresh,
    )
    endpoint = ToldEndpoint(bare_endpoint, errands)
    websocket = GraphQLOverWebsocket(operations, context_factory, streams, identity, errands, documents=known)
    guard = HostGuard(bound=server.host, origins=server.cors_origins, any_host=identify is not None)
    return Web(
        guard,
        endpoint,
        server=server,
        body_bytes=body_bytes,
        leaving=leaving,
        streams=streams,
        routes=[
            Route(_PATH, endpoint),
            WebSocketRoute(_PATH, websocket),
            explored.assets(),
            *board_routes(),
            *([metrics_route(identity)] if told.metrics else []),
            *health_routes(readiness, identity, standing),
        ],
        middleware=[
            Middleware(guard.around),
            cors(server.cors_origins),
        ],
        exception_handlers={404: _not_found},
        lifespan=_telling(readiness, lifespan, changes, leaving),
    )


class Web(Starlette):
    """The application, with a straight way for what nearly all requests are.

    `begin` is that way for a server that has the whole request before it: the answer may be there at once.

    A POST to the endpoint that no page sent, under a host name that the guard has let in before, concerns none of the
    layers between the server and the endpoint: there is no origin to judge, and nothing to route.

    `server`, `body_bytes` and `leaving` tell the server within which bounds to serve, and when it is over.
    """

    def __init__(
        self,
        guard: HostGuard,
        endpoint: ToldEndpoint,
        *,
        server: ServerSettings,
        body_bytes: int,
        leaving: Leaving,
        streams: OpenStreams,
        **starlette: Any,
    ) -> None:
        super().__init__(**starlette)
        self.server = server
        self.body_bytes = body_bytes
        self.leaving = leaving
        self._guard = guard
        self._endpoint = endpoint
        self._streams = streams

    @property
    def open_streams(self) -> int:
        """How many websockets and streamed answers there are."""
        return len(self._streams)

    async def end_streams(self) -> None:
        """End what streams, let the other operations of websockets be answered, and close these."""
        await self._streams.end()

    def begin(self, scope: Scope, body: bytes) -> Response | Awaitable[Response] | None:
        """The answer to a request, or an awaitable of it; None where the request has to go the long way."""
        if not self._goes_straight(scope):
            return None
        begun = self._endpoint.begin(scope, body)
        return _with_head(scope, begun) if isinstance(begun, Response) else _awaited(scope, begun)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's events."""
        if scope["type"] == "http" and self._goes_straight(scope):
            response = await self._endpoint.answer(scope, receive)
            if response is not None:
                await _with_head(scope, response)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            with on(Errand(request_id_of(scope), scope["type"], 0.0)):
                await super().__call__(scope, receive, telling(scope, send))

    def _goes_straight(self, scope: Scope) -> bool:
        return scope["path"] == _PATH and scope["method"] == "POST" and self._guard.knows(scope["headers"])


def _with_head(scope: Scope, response: Response) -> Response:
    """What the layers that were left out would have added to the answer's head."""
    response.raw_headers += (_VARY_ORIGIN, (HEADER, request_id_of(scope).encode()))
    return response


async def _awaited(scope: Scope, begun: Awaitable[Response]) -> Response:
    return _with_head(scope, await begun)


async def _not_found(request: Request, problem: Exception) -> Response:
    return refusal(404, "Nothing is served here. GraphQL is at /graphql.", AnswerCode.NOT_FOUND)


def _telling(
    readiness: Readiness, lifespan: Lifespan[Starlette] | None, changes: ToTheirEnd, leaving: Leaving
) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def ready_inside(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with (lifespan or _nothing)(app) as state:
            readiness.open = True
            try:
                yield state or {}
            finally:
                readiness.open = False
                await changes.finish(leaving.left())

    return ready_inside


@asynccontextmanager
async def _nothing(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
    yield {}
