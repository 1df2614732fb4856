"""Answers no vendor should send: too long, too deep in compression, framed twice. Typed errors, within a bound."""

import asyncio
import gzip
import socket
import zlib
from collections.abc import Awaitable, Callable, Sequence

import pytest

from gateway.domain.errors import BackendUnavailable, OutcomeUnknown
from gateway.vendorkit.http import VendorAnswer
from gateway.vendorkit.http1 import LARGEST_ANSWER
from tests.support.raw_server import ok, raw_server

Send = Callable[..., Awaitable[VendorAnswer]]

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEBIBYTE = b"x" * (1024 * 1024)
TOO_MANY = LARGEST_ANSWER // len(MEBIBYTE) + 1
OUT_OF_BOUNDS = [
    pytest.param([HEAD + b"X-Padding: " + MEBIBYTE + b"\r\n"], id="a header of a mebibyte"),
    pytest.param([HEAD, *[b"X-Padding: y\r\n" * 1000] * 10], id="ten thousand headers"),
    pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n" * 500] * 12, id="interim answers without end"),
    pytest.param([HEAD + b"\r\n", *[MEBIBYTE] * TOO_MANY], id="a body without an end"),
    pytest.param([CHUNKED, *[b"100000\r\n" + MEBIBYTE + b"\r\n"] * TOO_MANY], id="chunks without end"),
    pytest.param(
        [CHUNKED + b"0\r\n", *[(b"X-Sum: " + b"1" * 65526 + b"\r\n") * 16] * TOO_MANY], id="trailers without end"
    ),
    pytest.param([HEAD + b"Content-Length: 99999999999\r\n\r\n", *[MEBIBYTE] * TOO_MANY], id="a length beyond all"),
    pytest.param([HEAD + b"Content-Length: 9999999999999999999999\r\n\r\n"], id="a length that is no number"),
    pytest.param([HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n"], id="framed twice"),
    pytest.param([CHUNKED + b"FFFFFFFFFFFFFFFFFF\r\n{}"], id="a chunk beyond all"),
    pytest.param([b"HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\n{}"], id="a status below all"),
    pytest.param([ok() + b"and more"], id="bytes behind the answer"),
]
UNREADABLE = [
    pytest.param(b"gzip", gzip.compress(b"0" * (LARGEST_ANSWER + 1)), id="a gzip bomb"),
    pytest.param(b"deflate", zlib.compress(b"0" * (LARGEST_ANSWER + 1)), id="a deflate bomb"),
    pytest.param(b"gzip", gzip.compress(b"{}")[:-9], id="a gzip that is cut"),
    pytest.param(b"gzip, gzip", gzip.compress(gzip.compress(b"{}")), id="gzip in gzip"),
    pytest.param(b"br", b"\x8b\x00\x80{}\x03", id="an encoding nobody asked for"),
]


@pytest.mark.parametrize("pieces", OUT_OF_BOUNDS)
async def test_an_answer_out_of_bounds_is_a_typed_error_and_ends_its_connection(
    send: Send, pieces: Sequence[bytes | None]
) -> None:
    async with raw_server(pieces, pieces, [ok()]) as server, asyncio.timeout(20):
        with pytest.raises(BackendUnavailable, match="ProtocolError"):
            await send(server.url)
        with pytest.raises(OutcomeUnknown, match="ProtocolError"):
            await send(server.url, "PUT", write=True)
        assert (await send(server.url)).body == b"{}"
        assert (len(server.requests), server.connections) == (3, 3)


@pytest.mark.parametrize(("encoding", "body"), UNREADABLE)
async def test_a_body_that_does_not_decompress_within_bounds_is_a_typed_error(
    send: Send, encoding: bytes, body: bytes
) -> None:
    async with raw_server([ok(body, b"Content-Encoding: " + encoding)]) as server:
        with pytest.raises(BackendUnavailable, match="DecodingError"):
            await send(server.url)
        with pytest.raises(OutcomeUnknown, match="DecodingError"):
            await send(server.url, "PUT", write=True)


async def test_the_largest_answer_is_read(send: Send) -> None:
    pieces = [HEAD + b"Content-Length: %d\r\n\r\n" % LARGEST_ANSWER, *[MEBIBYTE] * (TOO_MANY - 1)]
    async with raw_server(pieces) as server:
        assert len((await send(server.url)).body) == LARGEST_ANSWER


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(send: Send, status: int) -> None:
    async with raw_server() as elsewhere:
        away = b"HTTP/1.1 %d Moved\r\nLocation: %b/\r\nContent-Length: 0\r\n\r\n" % (status, elsewhere.url.encode())
        async with raw_server([away]) as server:
            assert (await send(server.url)).status == status
            assert (await send(server.url, "POST", write=True)).status == status
        assert elsewhere.requests == []


async def test_an_answer_that_came_before_its_request_is_nobodys_even_before_the_loop_tells_of_it(send: Send) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def answer_one(body: bytes) -> socket.socket:
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.sendall(ok(body))
            return peer

        first = loop.run_in_executor(None, answer_one, b"1")
        assert (await send(url)).body == b"1"
        kept = await first
        second = loop.run_in_executor(None, answer_one, b"2")
        kept.sendall(ok(b'{"early": true}'))
        # The loop has had no turn since.
        assert (await send(url, "DELETE", write=True)).body == b"2"
        (await second).close()
        kept.close()


async def test_a_late_answer_to_a_call_given_up_is_nobodys(send: Send) -> None:
    async with raw_server([ok()], [b"", b"", b"", b"", ok(b'"late"')], [ok(b"3")]) as server:
        await send(server.url)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await send(server.url)
        assert [(await send(server.url)).body for _ in range(2)] == [b"3", b"3"]
