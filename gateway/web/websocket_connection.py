"""WebsocketConnection: Strawberry's handling of one connection of graphql-transport-ws, with what that leaves out.

Told to end, it stops what streams. A query or a change is answered first. Then the connection is closed with 1001, upon
which clients connect again, elsewhere, and subscribe anew; what was completed, they would not. What is deferred or
streamed goes in `next` messages, as clients pass them on; Strawberry refuses it here. And a caller whose credentials
cannot be judged for the moment is told to try again later.
"""

import asyncio
from contextlib import suppress
from typing import Any, Protocol, cast

from strawberry.schema.schema import StreamResult
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage, SubscribeMessage
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.auth.refusals import KeysUnavailable
from gateway.web.graphql_request import GraphQLRequest
from gateway.web.open_streams import OpenStreams
from gateway.web.streams.operations import Operations
from gateway.web.streams.payloads import payload

_GOING_AWAY = 1001
_TRY_AGAIN_LATER = 1013


class _View(Protocol):
    streams: OpenStreams
    operations: Operations


class WebsocketConnection(BaseGraphQLTransportWSHandler[Any, None]):
    """One connection, which can be told to end."""

    async def handle(self) -> None:
        """Serve the connection until it ends."""
        streams = self._view.streams
        if streams.ended:
            await self._close(_GOING_AWAY, "Going away")
            return
        with streams.holding(self, "websocket"):
            await super().handle()

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Find out who calls."""
        try:
            await super().handle_connection_init(message)
        except KeysUnavailable:
            await self._close(_TRY_AGAIN_LATER, "Try again later")

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, unless the connection is about to be closed."""
        if not self._view.streams.ended:
            await super().handle_subscribe(message)

    async def end(self) -> None:
        """Stop the streams, wait for the answers of everything else, and close."""
        operations = self._view.operations
        for operation in tuple(self.operations.values()):
            wanted = GraphQLRequest(operation.query, operation_name=operation.operation_name or None)
            if operations.kind_of(wanted) is OperationType.SUBSCRIPTION:
                await self._stop(operation)
        answering = [operation.task for operation in self.operations.values() if operation.task is not None]
        if answering:
            await asyncio.wait(answering)
        await self._close(_GOING_AWAY, "Going away")

    async def _send_result_stream(self, operation: Operation[Any, None], result_source: StreamResult) -> None:
        is_first = True
        async for result in result_source:
            if is_first and isinstance(result, PreExecutionError):
                await self._handle_pre_execution_error(operation, result)
                return
            is_first = False
            told = cast("Any", payload(result))
            await operation.send_operation_message({"id": operation.id, "type": "next", "payload": told})

    async def _stop(self, operation: Operation[Any, None]) -> None:
        await self.cleanup_operation(operation.id)
        if operation.task is not None:
            with suppress(Exception, asyncio.CancelledError):
                await operation.task

    async def _close(self, code: int, reason: str) -> None:
        # The client may have closed it in this very moment.
        with suppress(RuntimeError):
            await self.websocket.close(code, reason)

    @property
    def _view(self) -> _View:
        return cast("_View", self.view)
