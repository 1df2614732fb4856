"""The gateway as `serve` runs it, in this process: what it is told by a signal, a test tells it itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from gateway.app import build_app
from gateway.cli.ending import Ending
from gateway.cli.listening import Listening
from gateway.settings import Settings
from gateway.vendorkit.sockets import listen


@dataclass
class ListeningGateway:
    """A gateway that answers at a port until it is told to end; `ended` is done when it has."""

    port: int
    ending: Ending
    ended: "asyncio.Task[None]"

    @asynccontextmanager
    async def asked(
        self, query: str, *, accept: str = "*/*", **variables: object
    ) -> AsyncIterator[asyncio.StreamReader]:
        """A question that was sent. Its connection ends with the block, whether it was answered or not."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(
                b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: %b\r\n"
                b"content-length: %d\r\n\r\n%b" % (accept.encode(), len(body), body)
            )
            await writer.drain()
            yield reader
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def listening_gateway(settings: Settings) -> AsyncIterator[ListeningGateway]:
    """Serve while the block runs."""
    ending, begun = Ending(), asyncio.Event()

    async def say() -> None:
        begun.set()

    with listen("127.0.0.1", 0) as listener:
        ended = asyncio.create_task(Listening(build_app(settings), listener).until(ending, begun=say))
        await begun.wait()
        try:
            yield ListeningGateway(listener.getsockname()[1], ending, ended)
        finally:
            ending.tell()
            await ended


async def answer(reader: asyncio.StreamReader) -> tuple[str, object]:
    """The head of an answer, and its body as JSON."""
    async with asyncio.timeout(20):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        return head, json.loads(await reader.readexactly(length))
