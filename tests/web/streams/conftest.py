"""A small schema with slow, long and broken parts behind the gateway's web face, served as `serve` does."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from starlette.requests import HTTPConnection
from strawberry.schema.config import StrawberryConfig

from gateway.cli.ending import Ending
from gateway.cli.listening import Listening
from gateway.domain.errors import InvalidInput
from gateway.plans import PlannedSchema
from gateway.settings import ServerSettings
from gateway.vendorkit.sockets import listen
from gateway.web import create_web

HEAD_END = b"\r\n\r\n"


@dataclass
class Held:
    """What the schema waits for, and what became of its streams."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    given: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)


@strawberry.type
class Row:
    n: int

    @strawberry.field
    async def late(self, info: strawberry.Info) -> int:
        await info.context["held"].gate.wait()
        return self.n

    @strawberry.field
    async def soon(self) -> int:
        await asyncio.sleep(0)
        return self.n

    @strawberry.field
    def broken(self) -> int:
        raise RuntimeError("the password is hunter2")

    @strawberry.field
    def unusable(self) -> int | None:
        raise InvalidInput("This id is unusable.", path=("id",), rule="an id")

    @strawberry.field
    def inner(self) -> "Row":
        return Row(n=self.n * 10)


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "hello"

    @strawberry.field
    def cache_control(self, info: strawberry.Info) -> str | None:
        found: str | None = info.context["headers"].get("cache-control")
        return found

    @strawberry.field
    async def late(self, info: strawberry.Info) -> str:
        await info.context["held"].gate.wait()
        return "late"

    @strawberry.field
    def rows(self, first: int = 2) -> list[Row]:
        return [Row(n=number) for number in range(first)]

    @strawberry.field
    def maybe(self) -> Row | None:
        return Row(n=7)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def remember(self, word: str, info: strawberry.Info) -> Row:
        info.context["held"].given += 1
        return Row(n=len(word))


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int, info: strawberry.Info, after: int = 0) -> AsyncGenerator[int, None]:
        """Numbers; those from `after` on wait for the gate."""
        held: Held = info.context["held"]
        try:
            for number in range(to):
                if after and number >= after:
                    await held.gate.wait()
                held.given += 1
                yield number
        finally:
            held.closed.set()

    @strawberry.subscription
    async def much(self, info: strawberry.Info) -> AsyncGenerator[str, None]:
        """A page of text after another, without end."""
        held: Held = info.context["held"]
        try:
            while True:
                held.given += 1
                yield "x" * 10_000
                await asyncio.sleep(0)
        finally:
            held.closed.set()

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("the password is hunter2")


def schema(*, planning: bool = True, **more: Any) -> PlannedSchema:
    config = StrawberryConfig(enable_experimental_incremental_execution=True)
    return PlannedSchema(strawberry.Schema(Query, Mutation, Subscription, config=config), planning=planning, **more)


class Answering:
    """One connection, of which a request was sent and the answer is read as it comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    async def head(self) -> "Answering":
        async with asyncio.timeout(10):
            lines = (await self._reader.readuntil(HEAD_END)).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        for line in filter(None, lines[1:]):
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = ", ".join(filter(None, (self.headers.get(name.lower()), value)))
        return self

    async def chunk(self) -> bytes:
        """What was written at once; nothing at the end."""
        async with asyncio.timeout(10):
            length = int(await self._reader.readuntil(b"\r\n"), 16)
            return (await self._reader.readexactly(length + 2))[:-2]

    async def rest(self) -> bytes:
        """The body from here on."""
        if "content-length" in self.headers:
            return await self._reader.readexactly(int(self.headers["content-length"]))
        pieces = []
        while piece := await self.chunk():
            pieces.append(piece)
        return b"".join(pieces)

    async def json(self) -> Any:
        return json.loads(await self.rest())


@dataclass
class Served:
    """A gateway at a port; `ended` is done when it has ended."""

    port: int
    held: Held
    ending: Ending
    ended: "asyncio.Task[None]"

    @asynccontextmanager
    async def asked(self, accept: str, query: str, *, by_get: str = "", **members: Any) -> AsyncIterator[Answering]:
        """A question that was sent, by GET where its query string is given, and the head of its answer."""
        body = b"" if by_get else json.dumps({"query": query, **members}).encode()
        first = f"GET /graphql?{by_get}" if by_get else "POST /graphql"
        head = f"{first} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: {accept}\r\n"
        if not by_get:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(head.encode() + b"\r\n" + body)
            await writer.drain()
            yield await Answering(reader, writer).head()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve() -> Serve:
    @asynccontextmanager
    async def of(server: ServerSettings | None = None, plans: PlannedSchema | None = None, **web: Any) -> Any:
        held, ending, begun = Held(), Ending(), asyncio.Event()

        async def say() -> None:
            begun.set()

        def context(connection: HTTPConnection) -> dict[str, object]:
            return {"held": held, "headers": connection.headers}

        app = create_web(plans or schema(), context, server=server or ServerSettings(), **web)
        with listen("127.0.0.1", 0) as listener:
            ended = asyncio.create_task(Listening(app, listener).until(ending, begun=say))
            await begun.wait()
            try:
                yield Served(listener.getsockname()[1], held, ending, ended)
            finally:
                held.gate.set()
                ending.tell()
                await ended

    return of


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    async with serve() as served:
        yield served
