"""Requests in every way in which they may arrive, over a socket, at the server that `serve` uses."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import strawberry
import uvicorn
from starlette.requests import HTTPConnection

from gateway.cli.direct_http import DirectProtocol
from gateway.plans import PlannedSchema
from gateway.settings import ServerSettings
from gateway.vendorkit.sockets import listen
from gateway.web import create_web


@strawberry.type
class Query:
    @strawberry.field
    def word(self, text: str = "kept") -> str:
        return text

    @strawberry.field
    async def awaited(self) -> str:
        await asyncio.sleep(0)
        return "fetched"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self) -> str:
        await asyncio.sleep(0)
        return "changed"


class Talk:
    """One connection, spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0.01)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), headers, body

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            return await self.reader.read() == b""


def request(
    query: str, *, head: str = "", version: str = "1.1", path: str = "/graphql", filler: int = 0
) -> tuple[bytes, bytes]:
    body = json.dumps({"query": query, "extensions": {"filler": "x" * filler}}).encode()
    lines = (
        f"POST {path} HTTP/{version}\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n{head}\r\n"
    )
    return lines.encode(), body


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = create_web(PlannedSchema(strawberry.Schema(Query, Mutation)), _no_context, server=ServerSettings())
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, http=DirectProtocol, proxy_headers=False, log_level="critical", timeout_keep_alive=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    number = listener.getsockname()[1]
    async with talking(number) as first:
        # A host name that was let in once is known from then on.
        await first.send(b"".join(request("{ word }")))
        assert (await first.answer())[0] == 200
    yield number
    server.should_exit = True
    await task
    listener.close()


def _no_context(_: HTTPConnection) -> None:
    return None


@asynccontextmanager
async def talking(port: int) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def data(body: bytes) -> object:
    return json.loads(body)["data"]


async def test_a_connection_serves_one_request_after_another(port: int) -> None:
    async with talking(port) as talk:
        for word in ("one", "two", "three"):
            await talk.send(b"".join(request(f'{{ word(text: "{word}") }}')))
            status, headers, body = await talk.answer()
            assert (status, data(body)) == (200, {"word": word})
            assert headers["content-type"] == "application/json; charset=utf-8"
            assert "date" in headers
            assert "connection" not in headers


async def test_a_request_may_come_in_pieces(port: int) -> None:
    head, body = request("{ word awaited }")
    async with talking(port) as talk:
        await talk.send(head[:20], head[20:], body[:5], body[5:])
        assert data((await talk.answer())[2]) == {"word": "kept", "awaited": "fetched"}


async def test_a_body_in_chunks_is_one_body(port: int) -> None:
    _, body = request("{ word }")
    head = b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    head += b"transfer-encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:4], body[4:]))
    async with talking(port) as talk:
        await talk.send(head, chunks, b"0\r\n\r\n")
        assert data((await talk.answer())[2]) == {"word": "kept"}


async def test_requests_sent_together_are_answered_in_their_order(port: int) -> None:
    queries = ["{ awaited }", '{ word(text: "b") }', "mutation { change }", '{ word(text: "d") }', "{ awaited word }"]
    async with talking(port) as talk:
        await talk.send(b"".join(part for query in queries for part in request(query)))
        answers = [data((await talk.answer())[2]) for _ in queries]
    assert answers == [
        {"awaited": "fetched"},
        {"word": "b"},
        {"change": "changed"},
        {"word": "d"},
        {"awaited": "fetched", "word": "kept"},
    ]


async def test_a_large_body_is_read_whole(port: int) -> None:
    head, body = request("{ word }", filler=200_000)
    async with talking(port) as talk:
        await talk.send(head, body[:100_000], body[100_000:])
        assert data((await talk.answer())[2]) == {"word": "kept"}


async def test_a_body_beyond_the_limit_is_refused(port: int) -> None:
    head, body = request("{ word }", filler=1_100_000)
    async with talking(port) as talk:
        talk.writer.write(head + body[:100])
        assert (await talk.answer())[0] == 413


async def test_a_client_that_expects_to_be_told_to_continue_is_told(port: int) -> None:
    head, body = request("{ word }", head="expect: 100-continue\r\n")
    async with talking(port) as talk:
        await talk.send(head)
        async with asyncio.timeout(10):
            assert await talk.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await talk.send(body)
        assert data((await talk.answer())[2]) == {"word": "kept"}


@pytest.mark.parametrize("query", ["{ word }", "{ awaited }"])
@pytest.mark.parametrize("how", [{"head": "connection: close\r\n"}, {"version": "1.0"}])
async def test_a_connection_ends_where_the_client_asks_for_it(port: int, query: str, how: dict[str, str]) -> None:
    async with talking(port) as talk:
        await talk.send(b"".join(request(query, **how)))
        status, headers, _ = await talk.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await talk.ended()


async def test_a_client_that_leaves_in_the_middle_harms_nobody(port: int) -> None:
    head, body = request("{ word }")
    for sent in (head, head + body[:5], head[:30]):
        async with talking(port) as talk:
            await talk.send(sent)
    async with talking(port) as talk:
        await talk.send(head + body)
        assert (await talk.answer())[0] == 200


async def test_what_is_wrong_is_told_as_it_always_is(port: int) -> None:
    async with talking(port) as talk:
        await talk.send(b"".join(request("{ nothing }")))
        status, _, body = await talk.answer()
        assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (200, "GRAPHQL_VALIDATION_FAILED")
        await talk.send(b"".join(request("{ word }", path="/elsewhere")))
        assert (await talk.answer())[0] == 404
        await talk.send(b"".join(request("{ word }", head="accept: image/png\r\n")))
        assert (await talk.answer())[0] == 406
        await talk.send(b"".join(request("{ word }", head="origin: https://foreign.example\r\n")))
        assert (await talk.answer())[0] == 403


async def test_answers_vary_by_the_same_headers_whichever_way_they_go(port: int) -> None:
    async with talking(port) as talk:
        seen = []
        for head in ("", "origin: http://localhost\r\n"):
            await talk.send(b"".join(request("{ word }", head=head)))
            raw = (await talk.reader.readuntil(b"\r\n\r\n")).decode().lower()
            await talk.reader.readexactly(int(raw.split("content-length: ")[1].split("\r\n")[0]))
            told = [line[5:] for line in raw.split("\r\n") if line.startswith("vary:")]
            seen.append({name.strip() for line in told for name in line.split(",")})
    assert seen == [{"accept", "accept-encoding", "origin"}] * 2


@pytest.mark.parametrize("query", ["{ word }", "{ awaited }"])
async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(port: int, query: str) -> None:
    async with talking(port) as talk:
        for _ in range(6):
            await talk.send(b"".join(request(query)))
            assert (await talk.answer())[0] == 200
            await asyncio.sleep(0.3)
        assert await talk.ended()
