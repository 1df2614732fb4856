"""What leaves: the bytes that were signed, once, and nothing that nobody asked for."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest

from gateway.domain.errors import BackendUnavailable, OutcomeUnknown
from gateway.vendorkit.http import VendorAnswer
from gateway.vendorkit.kept_connections import KeptConnections
from tests.support.raw_server import ok, raw_server

Send = Callable[..., Awaitable[VendorAnswer]]

TARGETS = [
    "/",
    "/?Action=ListOTAJob&A=%2F%3A%25&B=~._-",
    "/jobs/a%2Fb%3Ac%20d/things?x=%E4%B8%AD",
    "/packages/a%252Fb/versions/..%2F..",
    "/a//b/./c/../d",
    "/q?a=1&&b=+&c==;'\"|^`{}[]<>",
    "/upper%2f%2F?lower=%e4",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_a_target_goes_out_exactly_as_it_was_signed(send: Send, target: str) -> None:
    async with raw_server() as server:
        await send(server.url, target=target)
    assert server.requests[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


async def test_a_request_is_these_bytes_and_no_others(send: Send) -> None:
    async with raw_server() as server:
        await send(server.url, "PUT", "/jobs/one", headers={"X-Amz-Date": "20250115T120000Z"}, body=b'{"a": 1}')
        await send(server.url, "GET", "/jobs")
    host = server.url.removeprefix("http://").encode()
    common = b"Host: " + host + b"\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: ota-gateway\r\n"
    assert server.requests == [
        b"PUT /jobs/one HTTP/1.1\r\n" + common + b'X-Amz-Date: 20250115T120000Z\r\nContent-Length: 8\r\n\r\n{"a": 1}',
        b"GET /jobs HTTP/1.1\r\n" + common + b"\r\n",
    ]


async def test_a_client_around_the_connections_sends_the_same_bytes(send: Send, connections: KeptConnections) -> None:
    async with raw_server() as server, httpx.AsyncClient(transport=connections) as client:
        for carrier in (connections, client):
            headers = {"X-Amz-Date": "20250115T120000Z", "Content-Type": "application/json"}
            await send(server.url, "PUT", "/a%2Fb/%252F?x=%3A", headers=headers, body=b"{}", client=carrier)
            await send(server.url, "DELETE", "/a//./b?y", client=carrier)
    assert server.requests[:2] == server.requests[2:]


async def test_a_change_without_a_body_says_so(send: Send) -> None:
    async with raw_server() as server:
        await send(server.url, "PUT", write=True)
        await send(server.url, "DELETE", write=True)
    assert b"\r\nContent-Length: 0\r\n" in server.requests[0]
    assert b"Content-Length" not in server.requests[1]


async def test_a_host_that_was_signed_replaces_the_address(send: Send) -> None:
    async with raw_server() as server:
        await send(server.url, headers={"Host": "iotda.cn-north-4.example"})
    assert server.requests[0].count(b"Host: ") == 1
    assert b"\r\nHost: iotda.cn-north-4.example\r\n" in server.requests[0]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a b", {}),
        ("/a\r\nX-Evil: 1", {}),
        ("", {}),
        ("/", {"X-Name": "a\r\nX-Evil: 1"}),
        ("/", {"X-Name": "a\nb"}),
        ("/", {"X-Na\rme": "b"}),
        ("/", {"X-Name": "a\0b"}),
        ("/", {"Transfer-Encoding": "chunked"}),
        ("/", {"X-Name": "\u4e2d"}),
    ],
)
async def test_what_would_not_be_one_request_is_never_sent(send: Send, target: str, headers: dict[str, str]) -> None:
    async with raw_server() as server:
        with pytest.raises(BackendUnavailable, match=r"LocalProtocolError|InvalidURL"):
            await send(server.url, "PUT", target, headers=headers, write=True)
        assert server.connections == 0


async def test_a_redirect_is_an_answer_and_a_cookie_is_not_kept(send: Send) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with raw_server([moved]) as server:
        answer = await send(server.url)
        await send(server.url)
    assert (answer.status, answer.headers["location"]) == (307, "/other")
    assert len(server.requests) == 2
    assert b"ookie" not in server.requests[1]


async def test_proxies_of_the_environment_are_left_alone(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with raw_server() as server:
        assert (await send(server.url)).ok
        assert server.requests[0].startswith(b"GET / ")


async def test_header_names_are_read_in_any_case_and_values_beyond_ascii_too(send: Send) -> None:
    async with raw_server([ok(b"{}", b"X-AMZN-RequestId: one", b"X-Text: caf\xe9")]) as server:
        answer = await send(server.url)
    assert answer.headers["x-amzn-requestid"] == "one"
    assert answer.headers["x-text"] == "café"


@pytest.mark.parametrize(
    ("encoding", "compress"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"GZIP", gzip.compress)]
)
async def test_a_compressed_answer_is_read(send: Send, encoding: bytes, compress: Callable[[bytes], bytes]) -> None:
    text = b'{"jobs": []}' * 1000
    async with raw_server([ok(compress(text), b"Content-Encoding: " + encoding)]) as server:
        assert (await send(server.url)).body == text


async def test_a_compressed_answer_that_is_not_is_a_typed_error(send: Send) -> None:
    async with raw_server([ok(b"plain text", b"Content-Encoding: gzip")]) as server:
        with pytest.raises(BackendUnavailable, match="DecodingError"):
            await send(server.url)
        with pytest.raises(OutcomeUnknown, match="DecodingError"):
            await send(server.url, "PUT", write=True)


async def test_a_client_around_a_transport_carries_calls_too(send: Send) -> None:
    seen: list[tuple[str, bytes]] = []

    async def vendor(scope: dict[str, object], receive: object, give: Callable[..., Awaitable[None]]) -> None:
        seen.append((str(scope["method"]), bytes(scope["raw_path"])))  # type: ignore[call-overload]
        await give({"type": "http.response.start", "status": 200, "headers": [(b"x-one", b"1")]})
        await give({"type": "http.response.body", "body": b"{}"})

    plugged = httpx.ASGITransport(vendor)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=plugged) as client:
        for carrier in (client, plugged):
            answer = await send("http://vendor", "PUT", "/jobs/a%2Fb?x=1", client=carrier)
            assert (answer.status, answer.headers["x-one"], answer.body) == (200, "1", b"{}")
    assert seen == [("PUT", b"/jobs/a%2Fb")] * 2


async def test_sixteen_callers_at_once_get_their_own_answers() -> None:
    async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(ok(head.split(b" ")[1]))
                await asyncio.sleep(0.001)
        writer.close()
        ended.put_nowait(None)

    ended: asyncio.Queue[None] = asyncio.Queue()
    server = await asyncio.start_server(mirror, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def call(name: str) -> bool:
        answer = await connections.handle_async_request(httpx.Request("GET", f"{base}/{name}"))
        return await answer.aread() == f"/{name}".encode()

    async with KeptConnections() as connections:
        for _ in range(5):
            assert all(await asyncio.gather(*(call(f"caller-{number}") for number in range(16))))
    for _ in range(16):
        await asyncio.wait_for(ended.get(), 5)
    server.close()
