"""What a connection may do to a call, over real sockets: surely never sent, or possibly carried out; never resent."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import pytest

from gateway.domain.errors import BackendUnavailable, OutcomeUnknown
from gateway.vendorkit.http import VendorAnswer
from gateway.vendorkit.http1 import Connection
from gateway.vendorkit.kept_connections import KeptConnections
from tests.support.raw_server import HANG_UP, ok, raw_server

Send = Callable[..., Awaitable[VendorAnswer]]

HEAD = b"HTTP/1.1 200 OK\r\n"
WITHOUT_AN_END = [
    pytest.param([HANG_UP], id="no answer at all"),
    pytest.param([HEAD + b"Content-Len", HANG_UP], id="half a head"),
    pytest.param([HEAD + b"Content-Length: 9\r\n\r\n{", HANG_UP], id="half a body"),
    pytest.param([HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", HANG_UP], id="half the chunks"),
    pytest.param([b"SSH-2.0-OpenSSH_9.2\r\n", HANG_UP], id="another protocol"),
    pytest.param([HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"], id="two lengths"),
    pytest.param([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], id="an upgrade"),
    pytest.param([HEAD, *[b"X-Padding: " + b"x" * 30_000 + b"\r\n"] * 5], id="an endless head"),
]
WHOLE = [
    pytest.param([HEAD + b"Content-Length: 2\r\n\r\n{}"], id="with a length"),
    pytest.param([HEAD + b"Content-Le", b"ngth: 2\r\n\r", b"\n{", b"}"], id="in pieces"),
    pytest.param([HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n"], id="in chunks"),
    pytest.param([HEAD + b"\r\n{}", HANG_UP], id="until the connection ends"),
    pytest.param([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", HANG_UP], id="HTTP/1.0"),
    pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n", ok()], id="after an interim answer"),
    pytest.param([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok()], id="behind early hints"),
    pytest.param([HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"], id="with a farewell"),
]


@pytest.mark.parametrize("pieces", WHOLE)
async def test_an_answer_is_whole_however_it_is_framed(send: Send, pieces: Sequence[bytes | None]) -> None:
    async with raw_server(pieces) as server:
        for _ in range(2):
            answer = await send(server.url)
            assert (answer.status, answer.body, "link" in answer.headers) == (200, b"{}", False)


@pytest.mark.parametrize("pieces", WITHOUT_AN_END)
async def test_an_answer_without_an_end_is_unavailable_for_a_read_and_unknown_for_a_change(
    send: Send, pieces: Sequence[bytes | None]
) -> None:
    async with raw_server(pieces) as server:
        with pytest.raises(BackendUnavailable, match="ProtocolError"):
            await send(server.url)
        with pytest.raises(OutcomeUnknown, match="ProtocolError"):
            await send(server.url, "PUT", write=True)
    assert len(server.requests) == 2


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
async def test_a_call_lost_on_a_kept_connection_is_not_sent_again(send: Send, method: str) -> None:
    async with raw_server([ok()], [HANG_UP], [ok()]) as server:
        await send(server.url)
        with pytest.raises(OutcomeUnknown):
            await send(server.url, method, write=True)
        assert (len(server.requests), server.connections) == (2, 1)
        assert (await send(server.url)).ok
        assert server.connections == 2


async def test_a_kept_connection_that_the_vendor_closed_is_not_written_to(send: Send) -> None:
    async with raw_server() as server:
        await send(server.url)
        await server.hang_up()
        assert (await send(server.url, "PUT", write=True)).ok
        assert (len(server.requests), server.connections) == (2, 2)


async def test_its_end_is_seen_even_before_the_loop_tells_of_it(send: Send) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def answer_one() -> socket.socket:
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.sendall(ok())
            return peer

        first = loop.run_in_executor(None, answer_one)
        await send(url)
        kept = await first
        second = loop.run_in_executor(None, answer_one)
        kept.close()
        # The loop has had no turn since.
        assert (await send(url, "PUT", write=True)).ok
        (await second).close()


async def test_an_answer_nobody_asked_for_ends_the_connection_and_answers_nobody(send: Send) -> None:
    late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with raw_server([ok(), late], [ok(b"[]")]) as server:
        assert (await send(server.url)).body == b"{}"
        await server.until(lambda server: server.left == 1)
        assert (await send(server.url)).body == b"[]"
        assert server.connections == 2


async def test_two_answers_to_one_call_end_the_connection(send: Send) -> None:
    async with raw_server([ok(b"1") + ok(b"2")], [ok(b"3")]) as server:
        assert [(await send(server.url)).body for _ in range(2)] == [b"1", b"3"]
        assert server.connections == 2


async def test_a_cancelled_call_ends_its_connection_and_leaves_the_others(send: Send) -> None:
    async with raw_server([ok()], [], [ok()]) as server:
        await send(server.url)
        waiting = asyncio.ensure_future(send(server.url))
        await server.until(lambda server: len(server.requests) == 2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await server.until(lambda server: not server.open)
        assert (await send(server.url)).ok


async def test_a_vendor_that_hangs_up_on_every_caller_keeps_nobody_waiting(send: Send) -> None:
    class HangsUp(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.close()

    server = await asyncio.get_running_loop().create_server(HangsUp, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(20):
        for _ in range(50):
            with pytest.raises((BackendUnavailable, OutcomeUnknown)):
                await send(url, "PUT", write=True)
    server.close()


async def test_a_connection_that_has_ended_is_not_written_to() -> None:
    async with raw_server() as server, asyncio.timeout(5):
        address = httpx.URL(server.url)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(lambda _: None), address.host, address.port
        )
        connection.close()
        with pytest.raises(httpx.ConnectError):
            await connection.exchange(b"DELETE /jobs/one HTTP/1.1\r\nHost: vendor\r\n\r\n")
        assert server.requests == []


async def test_what_nobody_listens_at_was_surely_never_reached(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for write in (False, True):
        with pytest.raises(BackendUnavailable, match="ConnectError"):
            await send(f"http://127.0.0.1:{port}", "PUT", write=write)


@pytest.mark.parametrize("url", ["http://no-such-host.invalid", "ftp://127.0.0.1", f"http://{'a' * 70}.test"])
async def test_an_address_that_leads_nowhere_was_surely_never_reached(send: Send, url: str) -> None:
    with pytest.raises(BackendUnavailable, match=r"ConnectError|UnsupportedProtocol|InvalidURL"):
        await send(url, "PUT", write=True)


# ---------------------------------------------------------------------- connections kept


async def test_connections_are_kept_and_shared_by_calls_that_follow_one_another(send: Send) -> None:
    async with raw_server() as server:
        for _ in range(5):
            await send(server.url)
        assert server.connections == 1
        await asyncio.gather(*(send(server.url) for _ in range(4)))
        assert server.connections == 4


async def test_no_more_are_kept_than_allowed(send: Send) -> None:
    async with raw_server() as server, KeptConnections(most_idle=2) as few:
        await asyncio.gather(*(send(server.url, client=few) for _ in range(5)))
        assert server.connections == 5
        await server.until(lambda server: server.open == 2)


async def test_none_is_kept_for_longer_than_allowed(send: Send) -> None:
    async with raw_server() as server, KeptConnections(idle_seconds=0.1) as brief:
        await asyncio.gather(*(send(server.url, client=brief) for _ in range(5)))
        await server.until(lambda server: server.open == 0)
        assert (await send(server.url, client=brief)).ok


async def test_closing_ends_what_is_kept_and_what_is_under_way(send: Send) -> None:
    async with raw_server([ok()], []) as server:
        kept = KeptConnections()
        await send(server.url, client=kept)
        waiting = asyncio.ensure_future(send(server.url, "PUT", write=True, client=kept))
        await server.until(lambda server: len(server.requests) == 2)
        await kept.aclose()
        with pytest.raises(OutcomeUnknown):
            await waiting
        with pytest.raises(RuntimeError, match="closed"):
            await send(server.url, client=kept)


# ---------------------------------------------------------------------- TLS


@pytest.fixture
def certificate() -> Path:
    """Key and certificate of 127.0.0.1, signed by nobody but itself."""
    return Path(__file__).parent / "loopback.pem"


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    send: Send, tls: ssl.SSLContext
) -> None:
    async with raw_server(tls=tls) as server:
        with pytest.raises(BackendUnavailable, match="ConnectError"):
            await send(server.url, "PUT", write=True)
        assert server.requests == []


async def test_a_certificate_of_another_name_is_refused(send: Send, tls: ssl.SSLContext, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    async with raw_server(tls=tls) as server, KeptConnections(ssl_context=trusting) as connections:
        url = server.url.replace("127.0.0.1", "127.0.0.2")
        with pytest.raises(BackendUnavailable, match="ConnectError"):
            await send(url, client=connections)


async def test_calls_go_over_tls_and_keep_their_connection(send: Send, tls: ssl.SSLContext, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    async with (
        raw_server([ok()], [ok()], [HANG_UP], tls=tls) as server,
        KeptConnections(ssl_context=trusting) as connections,
    ):
        for _ in range(2):
            assert (await send(server.url, client=connections)).ok
        with pytest.raises(OutcomeUnknown):
            await send(server.url, "PUT", write=True, client=connections)
        assert len(server.requests) == 3
