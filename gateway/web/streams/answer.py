"""StreamedAnswer: an HTTP answer whose body is the results of an operation, each sent as soon as it is there.

No result is asked for before the one before it is on its way: a client that reads slowly makes its stream slow, and
nothing is kept for it but what the server's own buffer holds.
"""

import asyncio
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from typing import Any, Final

from graphql import GraphQLError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types.execution import PreExecutionError

from gateway.web.graphql_errors import presentable
from gateway.web.open_streams import OpenStreams
from gateway.web.streams.framing import Framing
from gateway.web.streams.operations import Result, Results

HEARTBEAT_SECONDS: Final = 12.0
_HEADERS: Final = (
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept"),
)
_NO_MORE: Final = object()


class StreamedAnswer(Response):
    """Sends `results`, and closes them with itself.

    `told_to_end` is whether it ends with the process; otherwise the process waits for its last result, as it does for
    any request. `heartbeat` is in seconds. What is `around` it begins and ends with it.
    """

    def __init__(
        self, results: Results, framing: Framing, streams: OpenStreams, *, told_to_end: bool, heartbeat: float
    ) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = [(b"content-type", framing.content_type.encode()), *_HEADERS]
        self.transport = framing.transport
        self.around: AbstractContextManager[None] = nullcontext()
        self._results = results
        self._framing = framing
        self._streams = streams
        self._told_to_end = told_to_end
        self._heartbeat = heartbeat
        self._over = asyncio.get_running_loop().create_future()
        self._sent = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream until its end, the client's or the process's."""
        leaving = asyncio.create_task(self._notice_leaving(receive))
        try:
            with self.around, self._streams.holding(self, self.transport):
                if self._told_to_end and self._streams.ended:
                    self._be_over()
                await self._serve(send)
        finally:
            self._sent.set()
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving

    async def end(self) -> None:
        """Cut it short, if it would go on otherwise, and wait until that was sent."""
        if self._told_to_end:
            self._be_over()
            await self._sent.wait()

    def _be_over(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    async def _notice_leaving(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._be_over()

    async def _serve(self, send: Send) -> None:
        async def write(piece: bytes) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

        # All steps of the operation share one context, as they would in one task.
        context = copy_context()
        coming: asyncio.Task[Any] | None = None
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await write(self._framing.opening)
            last = self._framing.cut
            while not self._over.done():
                if coming is None:
                    coming = asyncio.create_task(self._next(), context=context)
                await asyncio.wait({coming, self._over}, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    result = coming.result()
                    coming = None
                    if result is _NO_MORE:
                        last = self._framing.closing
                        break
                    await write(self._framing.piece(result))
                elif self._framing.beat is not None and not self._over.done():
                    await write(self._framing.beat)
            await send({"type": "http.response.body", "body": last, "more_body": False})
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.wait({coming})
            await self._results.aclose()

    async def _next(self) -> Result | object:
        try:
            return await anext(self._results)
        except StopAsyncIteration:
            return _NO_MORE
        # Whatever it is: the client is told that something broke, and the log what it was.
        except Exception as problem:  # noqa: BLE001
            error = GraphQLError(str(problem), original_error=problem)
            return PreExecutionError(data=None, errors=[presentable(error, before_execution=True)])
