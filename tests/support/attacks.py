"""Attacks on the gateway's port: what each sends, as raw bytes over a connection of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import quote

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

_NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: the status of the last answer, None where the connection was closed unanswered, and its codes."""

    status: int | None
    seconds: float
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attack:
    """What is sent: an operation, or `pieces` of bytes, or `messages` over a websocket."""

    name: str
    query: str = ""
    variables: Mapping[str, Any] | None = None
    pieces: tuple[bytes, ...] = ()
    messages: tuple[str | bytes, ...] = ()

    async def on(self, port: int, salt: int = 0) -> Outcome:
        """Send it, and wait for what comes back. Its document is another one under each salt."""
        pieces = self.pieces or asking(f"{self.query}\n#{salt}", self.variables)
        began = perf_counter()
        if self.messages:
            await _websocket(port, self.messages)
            return Outcome(None, perf_counter() - began)
        answer = await _exchanged(port, pieces)
        seconds = perf_counter() - began
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else None
        return Outcome(status, seconds, _codes(body))


def _codes(body: bytes) -> tuple[str, ...]:
    try:
        errors = orjson.loads(body)["errors"]
        return tuple(dict.fromkeys(error["extensions"]["code"] for error in errors))
    except (ValueError, LookupError, TypeError):
        return ()


async def _exchanged(port: int, pieces: tuple[bytes, ...]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(20):
            return await _one_answer(reader)
    except ConnectionError:
        return b""
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()


async def _one_answer(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return head + await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)
    except asyncio.IncompleteReadError as cut:
        return cut.partial


async def _websocket(port: int, messages: tuple[str | bytes, ...]) -> None:
    url = f"ws://127.0.0.1:{port}/graphql"
    async with connect(url, subprotocols=["graphql-transport-ws"], max_size=None, proxy=None) as socket:  # type: ignore[list-item]
        try:
            for message in messages:
                await socket.send(message)
            async with asyncio.timeout(2):
                async for answer in socket:
                    if b"last" in (answer.encode() if isinstance(answer, str) else answer):
                        break
        except ConnectionClosed:
            pass


def posted(body: bytes, *, accept: str = "application/json") -> tuple[bytes, ...]:
    """A POST of these bytes."""
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head.encode(), body)


def asking(query: str, variables: Mapping[str, Any] | None = None, **members: Any) -> tuple[bytes, ...]:
    """A POST of an operation."""
    return posted(json.dumps({"query": query, "variables": variables, **members}).encode())


def _chunked(text: bytes, size: int) -> tuple[bytes, ...]:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return (head, *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n")


def _bomb(levels: int, body: Callable[[str], str], last: str = "__typename", head: str = "query") -> str:
    fragments = [f"fragment F{at} on Query {{ {body(f'...F{at + 1}')} }}" for at in range(levels)]
    return f"{head} {{ ...F0 }} {' '.join(fragments)} fragment F{levels} on Query {{ {last} }}"


def _on_tasks(levels: int, body: Callable[[str], str]) -> str:
    fragments = [f"fragment F{at} on OtaTask {{ {body(f'...F{at + 1}')} }}" for at in range(levels)]
    return f'{{ node(id: "x") {{ ...F0 }} }} {" ".join(fragments)} fragment F{levels} on OtaTask {{ id }}'


def _through_executions(spread: str) -> str:
    return f"executions(first: 1) {{ nodes {{ task {{ {spread} }} }} }}"


def documents() -> Iterator[tuple[str, str, Mapping[str, Any] | None]]:
    """Documents that cost more than they look, with their variables."""
    yield "aliases: 10,000", "{" + " ".join(f"a{at}: __typename" for at in range(10_000)) + "}", None
    yield "aliases: as many as there may be", "{" + " ".join(f"a{at}: __typename" for at in range(50)) + "}", None
    yield "directives: 1,000 at one field", "{ __typename " + "@skip(if: false) " * 1_000 + "}", None
    yield "directives: 100 unknown ones", "{ __typename " + "".join(f"@d{at} " for at in range(100)) + "}", None
    tasks = [f"tasks(first: {at + 1}) {{ nodes {{ id }} }}" for at in range(500)]
    yield "overlapping: 500, arguments differ", "{" + " ".join(tasks) + "}", None
    yield "overlapping: 50, arguments differ", "{" + " ".join(tasks[:50]) + "}", None
    yield "overlapping: 500, all the same", "{" + tasks[0] * 500 + "}", None
    inner = [f"name: id x{at % 9}: __typename" for at in range(500)]
    yield "overlapping: 500 in a row's selection", "{ tasks { nodes {" + " ".join(inner) + "} } }", None
    nested = _on_tasks(30, lambda spread: "".join(_through_executions(spread) for _ in range(2)))
    yield "overlapping: nested, 30 levels of fragments", nested, None
    few = _on_tasks(9, lambda spread: "".join(_through_executions(spread) for _ in range(2)))
    yield "overlapping: nested, 9 levels of fragments", few, None
    clash = _on_tasks(9, lambda spread: _through_executions(spread) + _through_executions(spread).replace("1", "2"))
    yield "overlapping: nested, 9 levels that differ", clash, None
    apart = "".join(f"... on OtaTask {{ a{at}: {_through_executions('id')} }}" for at in range(150))
    yield "overlapping: 150 inline fragments", f'{{ node(id: "x") {{ {apart} }} }}', None
    yield "bomb: 30 levels, plain", _bomb(30, lambda spread: f"{spread} {spread}"), None
    yield "bomb: 30 levels, aliases", _bomb(30, lambda spread: f"a: __typename {spread} {spread}"), None
    conditions = _bomb(
        30,
        lambda spread: f"{spread} @include(if: $a) {spread} @include(if: $b)",
        head="query ($a: Boolean!, $b: Boolean!)",
    )
    yield "bomb: 30 levels, conditions by variables", conditions, {"a": True, "b": True}
    wide = _bomb(30, lambda spread: " ".join(f"{name}: __typename {spread}" for name in _NAMES))
    yield "bomb: 30 levels of 8", wide, None
    yield "bomb: 11 levels, as many as there may be", _bomb(11, lambda spread: f"{spread} {spread}"), None
    described = "fragment F{} on __Type {{ ofType {{ ...F{} }} interfaces {{ ...F{} }} }}"
    circles = " ".join(described.format(at, at + 1, at + 1) for at in range(30))
    yield (
        "bomb: 30 levels of introspection",
        f"{{ __schema {{ types {{ ...F0 }} }} }} {circles} " + ("fragment F30 on __Type { name }"),
        None,
    )
    yield "circle: two fragments", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", None
    ring = " ".join(f"fragment F{at} on Query {{ ...F{(at + 1) % 150} }}" for at in range(150))
    yield "circle: 150 fragments", f"{{ ...F0 }} {ring}", None
    chain = " ".join(f"fragment F{at} on Query {{ ...F{at + 1} }}" for at in range(2_000))
    yield "chain: 2,000 fragments", f"{{ ...F0 }} {chain}", None
    several = " ".join(f"query Q{at} {{ ...F{at % 99} }}" for at in range(100))
    spread = " ".join(f"fragment F{at} on Query {{ ...F{at + 1} }}" for at in range(30))
    yield (
        "operations: 100 over a chain of fragments",
        f"{several} {spread} fragment F30 on Query {{ a: nothing }}",
        None,
    )
    yield "deep: lists, 5,000", "{ nodes(ids: " + "[" * 5_000 + "]" * 5_000 + ") { id } }", None
    yield "deep: lists, never closed", "{ nodes(ids: " + "[" * 40_000, None
    yield "deep: objects, 5,000", "{ tasks(filter: " + "{a: " * 5_000 + "1" + "}" * 5_000 + ") { nodes { id } } }", None
    yield "deep: selections, 5,000", "{ node" * 5_000 + "}" * 5_000, None
    yield "deep: inline fragments, 5,000", "{ ..." * 5_000 + "{ __typename }" + "}" * 5_000, None
    yield "deep: variables' types, 5,000", "query ($v: " + "[" * 5_000 + "ID" + "]" * 5_000 + ") { __typename }", None
    yield "long: a name of 49,000 characters", "{ " + "x" * 49_000 + " }", None
    yield "long: 3,900 unknown fields", "{ node { " + " ".join(f"x{at}" for at in range(3_900)) + " } }", None
    yield (
        "long: 2,000 unknown arguments",
        "{ tasks(" + " ".join(f"firsd{at}: 1" for at in range(1_900)) + ") { nodes { id } } }",
        None,
    )
    wrong = " ".join(f'"{at}"' for at in range(1_000))
    yield "long: 1,000 wrong enum values", f"{{ tasks(filter: {{status: [{wrong}]}}) {{ nodes {{ id }} }} }}", None
    yield "long: comments, 49,000 characters", "#\n" * 24_500 + "{ __typename }", None
    yield "long: one comment, 49,000 characters", "#" * 49_000 + "\n{ __typename }", None
    yield "long: spaces, 49,000", " " * 49_000 + "{ __typename }", None
    yield "long: quotes, 49,000", '"' * 49_000, None
    yield "long: blocks never closed", '"""\\' * 12_000, None
    yield "long: a million characters", "{ " + "a " * 450_000 + "}", None
    yield "words: two keywords and a million characters", "query mutation " + "{ a " * 200_000, None
    yield "numbers: of 40,000 digits", "{ tasks(first: " + "9" * 40_000 + ") { nodes { id } } }", None
    yield "numbers: 1e400", "{ tasks(first: 1e400) { nodes { id } } }", None
    yield "numbers: a variable of 2^70", "query ($n: Int) { tasks(first: $n) { nodes { id } } }", {"n": 2**70}
    yield "surrogates: in a literal", '{ node(id: "\\uD800") { id } }', None
    yield "surrogates: in braces", '{ node(id: "\\u{DFFF}") { id } }', None
    yield "surrogates: in a variable", "query ($i: ID!) { node(id: $i) { id } }", {"i": "\ud800"}
    yield "a huge string", "query ($i: ID!) { node(id: $i) { id } }", {"i": "x" * 900_000}
    yield "variables: 20,000", "query ($i: ID!) { node(id: $i) { id } }", {f"v{at}": {} for at in range(20_000)}
    bad = {"ids": [{"no": at} for at in range(20_000)]}
    yield "variables: a list of 20,000 bad ones", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", bad
    allowed = {"ids": [{"no": at} for at in range(1_000)]}
    yield "variables: a list of 1,000 bad ones", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", allowed
    unknown = {"f": {f"vendor{at}": at for at in range(9_000)}}
    yield (
        "variables: 9,000 unknown members",
        "query ($f: OtaTaskFilter) { tasks(filter: $f) { nodes { id } } }",
        unknown,
    )
    declared = ", ".join(f"$v{at}: Nothing{at}" for at in range(99))
    yield "variables: 99 of unknown types", f"query ({declared}) {{ __typename }}", None
    many = "tasks(first: 1000) { nodes { executions(first: 1000) { nodes { id } } } }"
    yield "objects: 1,000 x 1,000", f"{{ {many} }}", None
    by_variables = "query ($n: Int) { tasks(first: $n) { nodes { executions(first: $n) { nodes { id } } } } }"
    yield "objects: 1,000 x 1,000 by variables", by_variables, {"n": 1000}
    entities = {"r": [{"__typename": "OtaTask", "id": str(at)} for at in range(20_000)]}
    yield "objects: 20,000 entities", "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", entities
    types = "types { fields { type { fields { args { name } } } } }"
    again = " ".join(f"a{at}: __schema {{ {types} }}" for at in range(40))
    yield "introspection: 40 times", f"{{ {again} }}", None


def _bodies() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    for member in ("query", "variables", "operationName", "extensions"):
        for value in (1, True, [], {}, None, "x", 1.5, [[]], {"a": None}):
            body = {"query": "{ __typename }", member: value}
            yield f"types: {member} is {json.dumps(value)}", posted(json.dumps(body).encode())
    for text in (
        b'"x"',
        b"null",
        b"1",
        b"[]",
        b"[1]",
        b"true",
        b'""',
        b"",
        b"{}",
        b"{",
        b"-",
        b"nan",
        b"\xef\xbb\xbf{}",
    ):
        yield f"types: the body is {text!r}", posted(text)
    yield "json: nested 100,000 deep", posted(b"[" * 100_000 + b"]" * 100_000)
    yield "json: nested 100,000 deep, never closed", posted(b'{"a":' * 100_000)
    deep = b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    yield "json: variables nested 100,000 deep", posted(deep)
    less = b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}"
    yield "json: variables nested 900 deep", posted(less)
    wide = b'{"query": "{ __typename }", "variables": {"a": [' + b",".join([b"[]"] * 300_000) + b"]}}"
    yield "json: a million of variables' characters", posted(wide)
    yield "json: an exponent of 9,999", posted(b'{"query": "{ __typename }", "variables": {"a": 1e9999}}')
    yield (
        "json: a number of 500,000 digits",
        posted(b'{"variables": {"a": ' + b"9" * 500_000 + b"}}"),
    )
    yield "batch: 500 operations", posted(json.dumps([{"query": "{ __typename }"}] * 500).encode())
    yield "body: 5 MB", posted(b'{"query": "' + b"x" * 5_000_000 + b'"}')
    yield "body: 5 MB of comments", posted(json.dumps({"query": "#\n" * 2_500_000}).encode())
    yield "body: 5 MB in pieces, length untold", _chunked(b'{"query": "' + b"x" * 5_000_000, 65_536)
    yield "body: 100 kB in pieces of 10 bytes", _chunked(b'{"query": "' + b"x" * 100_000 + b'"}', 10)
    yield "body: 1 MB of comments", posted(json.dumps({"query": "#\n" * 330_000}).encode())
    yield "utf-8: invalid in the body", posted(b'{"query": "{ __typename }\xff\xfe"}')
    yield "utf-8: invalid as a whole", posted(b"\xff" * 10_000)
    yield "utf-8: invalid in a GET", (b"GET /graphql?query=%ff%fe HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n",)
    for name, query in (("surrogate", '{"query": "\\ud800"}'), ("zero", '{"query": "\\u0000{ __typename }"}')):
        yield f"utf-8: an escaped {name}", posted(query.encode())


def _heads() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    line = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n"
    yield "headers: 10,000", (line + b"".join(b"x-%d: 1\r\n" % at for at in range(10_000)) + b"\r\n",)
    yield "headers: one of 1 MB", (line + b"x: " + b"y" * 1_000_000 + b"\r\n\r\n",)
    yield "headers: a path of 1 MB", (b"GET /" + b"y" * 1_000_000 + b" HTTP/1.1\r\n\r\n",)
    long = quote("{ " + "a " * 10_000 + "}")[:30_000]
    yield "headers: a query of 30,000", (f"GET /graphql?query={long} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(),)
    yield "headers: accept of 20,000 types", posted(b"{}", accept="a/b;q=0.1," * 2_000)
    yield "garbage: a TLS greeting", (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,)
    yield "garbage: all bytes", (bytes(range(256)) * 100,)
    yield "garbage: another version", (b"GET / HTTP/9.9\r\n\r\n",)
    yield "garbage: a length that is none", (b"POST /graphql HTTP/1.1\r\nContent-Length: -5\r\n\r\n",)
    yield "garbage: two lengths", (b"POST /graphql HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",)


def _sockets() -> Iterator[tuple[str, tuple[str | bytes, ...]]]:
    begin = '{"type": "connection_init"}'
    yield "websocket: bytes", (b"\xff\x00" * 500,)
    yield "websocket: 500 messages that are none", (begin, *(["nonsense"] * 500))
    yield "websocket: nested 100,000 deep", (begin, "[" * 100_000)
    yield "websocket: a message of 900 kB", (begin, json.dumps({"type": "x", "payload": "y" * 900_000}))
    yield "websocket: a message of 2 MB", (begin, "y" * 2_000_000)
    bomb = _bomb(30, lambda spread: f"{spread} {spread}")
    asked = [json.dumps({"id": f"o{at}", "type": "subscribe", "payload": {"query": bomb}}) for at in range(20)]
    last = json.dumps({"id": "last", "type": "subscribe", "payload": {"query": "{ __typename }"}})
    yield "websocket: 20 bombs", (begin, *asked, last)
    pings = ['{"type": "ping", "payload": {"a": "b"}}'] * 500
    yield "websocket: 500 pings", (begin, *pings, last)


def attacks() -> list[Attack]:
    """All of them."""
    return [
        *(Attack(name, query, variables) for name, query, variables in documents()),
        *(Attack(name, pieces=pieces) for name, pieces in (*_bodies(), *_heads())),
        *(Attack(name, messages=messages) for name, messages in _sockets()),
    ]


@asynccontextmanager
async def dripping(port: int, connections: int) -> AsyncIterator[None]:
    """Connections that send a byte now and then and never end, while the block runs."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
    )

    async def drip() -> None:
        for byte in head:
            for _, writer in opened:
                writer.write(bytes([byte]))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(drip())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for _, writer in opened:
            writer.close()
