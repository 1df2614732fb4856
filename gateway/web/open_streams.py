"""OpenStreams: the websocket connections that stand, and how they end when the process is told to.

What streams is told `complete`. A query or a change is answered first. Then the connection is closed with 1001, upon
which clients of graphql-transport-ws connect again, elsewhere, and subscribe anew.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, cast

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import SubscribeMessage
from strawberry.types.graphql import OperationType

from gateway.web.schema_port import GraphQLSchemaPort

_GOING_AWAY = 1001


class OpenStreams:
    """All connections of one application."""

    def __init__(self) -> None:
        self._open: set[EndingHandler] = set()
        self.ended = False

    @contextmanager
    def holding(self, connection: "EndingHandler") -> Iterator[None]:
        """Count a connection in while the block runs."""
        self._open.add(connection)
        try:
            yield
        finally:
            self._open.discard(connection)

    async def end(self) -> None:
        """End every connection, and each that would begin from here on."""
        self.ended = True
        await asyncio.gather(*(connection.end() for connection in tuple(self._open)), return_exceptions=True)


class _HasStreams(Protocol):
    streams: OpenStreams


class EndingHandler(BaseGraphQLTransportWSHandler[Any, None]):
    """Strawberry's handling of one connection, which can be told to end it."""

    async def handle(self) -> None:
        """Serve the connection until it ends."""
        streams = cast("_HasStreams", self.view).streams
        if streams.ended:
            await self._close()
            return
        with streams.holding(self):
            await super().handle()

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin an operation, unless the connection is about to be closed."""
        if not cast("_HasStreams", self.view).streams.ended:
            await super().handle_subscribe(message)

    async def end(self) -> None:
        """Complete the streams, wait for the answers of everything else, and close."""
        schema = cast("GraphQLSchemaPort", self.schema)
        for operation in tuple(self.operations.values()):
            if schema.kind_of(operation.query, operation.operation_name or None) is OperationType.SUBSCRIPTION:
                await self._complete(operation)
        answering = [operation.task for operation in self.operations.values() if operation.task is not None]
        if answering:
            await asyncio.wait(answering)
        await self._close()

    async def _complete(self, operation: Operation[Any, None]) -> None:
        await operation.send_operation_message({"id": operation.id, "type": "complete"})
        if operation.task is not None:
            operation.task.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await operation.task

    async def _close(self) -> None:
        # The client may have closed it in this very moment.
        with suppress(RuntimeError):
            await self.websocket.close(_GOING_AWAY, "Going away")
