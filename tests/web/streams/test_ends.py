"""How streams end: with the process, with their credentials, with clients that leave or do not read."""

import asyncio
import socket
import time
from collections.abc import Callable
from datetime import timedelta

from prometheus_client import REGISTRY
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from gateway.auth import Principal
from gateway.auth.rights import EVERYTHING
from gateway.settings import ServerSettings
from tests.web.streams.conftest import Serve, Served

EVENTS = "text/event-stream"
APOLLO = "multipart/mixed;subscriptionSpec=1.0"
HELD = "subscription { count(to: 2, after: 1) }"
COMPLETE = b"event: complete\ndata:\n\n"


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - nobody else tells
            await asyncio.sleep(0.01)


def standing(transport: str) -> float:
    return REGISTRY.get_sample_value("ota_gateway_open_streams", {"transport": transport}) or 0.0


async def test_a_process_that_ends_cuts_its_subscriptions_so_that_clients_subscribe_again(served: Served) -> None:
    async with served.asked(EVENTS, HELD) as events, served.asked(APOLLO, HELD) as parts:
        assert b'"count":0' in await events.chunk() + await events.chunk()
        assert b'"count":0' in await parts.chunk() + await parts.chunk()
        assert (standing("sse"), standing("multipart")) == (1.0, 1.0)
        begun = time.monotonic()
        served.ending.tell()
        # Upon `complete` they would not.
        assert await events.rest() == b""
        last = await parts.rest()
        assert b'{"payload":null,"errors":[{"message":"The gateway is going down. Subscribe again.",' in last
        assert last.endswith(b"\r\n--graphql--\r\n")
        await served.ended
    assert time.monotonic() - begun < 5
    assert served.held.closed.is_set()
    assert (standing("sse"), standing("multipart")) == (0.0, 0.0)


async def test_a_process_that_ends_waits_for_what_is_deferred(served: Served) -> None:
    async with served.asked("multipart/mixed", "{ hello ... @defer { late } }") as answer:
        await answer.chunk()
        await answer.chunk()
        served.ending.tell()
        await asyncio.sleep(0.3)
        assert not served.ended.done()
        served.held.gate.set()
        assert b'"late"' in await answer.rest()
        await served.ended


async def test_a_stream_ends_with_the_credentials_that_opened_it(serve: Serve) -> None:
    def identify(*_: object) -> Principal:
        return Principal(name="ann", rights=EVERYTHING, expires_at=time.time() + 0.3)

    async with serve(identify=identify) as served:
        for accept, ended in ((EVENTS, COMPLETE), (APOLLO, b"--graphql--\r\n")):
            async with served.asked(accept, HELD) as answer:
                body = await answer.rest()
            assert b'"code":"UNAUTHENTICATED"' in body
            assert body.endswith(ended)
    assert served.held.closed.is_set()


async def _begun(served: Served, request: bytes) -> socket.socket:
    """A connection that sends a request and reads nothing, into a window that is soon full."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", served.port))
    await loop.sock_sendall(client, request)
    return client


def _post(accept: str, query: str) -> bytes:
    body = b'{"query": "%b"}' % query.encode()
    return (
        b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: %b\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (accept.encode(), len(body), body)
    )


async def test_who_does_not_read_is_waited_for_and_then_given_up(serve: Serve) -> None:
    async with serve(ServerSettings(read_timeout=timedelta(seconds=0.6))) as served:
        for accept in (EVENTS, APOLLO):
            served.held.closed.clear()
            served.held.given = 0
            with await _begun(served, _post(accept, "subscription { much }")):
                await asyncio.sleep(0.3)
                taken = served.held.given
                await asyncio.sleep(0.1)
                # The events come from memory, a hundred in a blink: none is made that cannot be sent.
                assert served.held.given == taken
                assert taken * 10_000 < 8_000_000
                async with asyncio.timeout(10):
                    await served.held.closed.wait()


async def test_who_reads_slowly_gets_all_of_it(serve: Serve) -> None:
    async with serve() as served, served.asked(EVENTS, "subscription { much }") as answer:
        assert await answer.chunk() == b":\n\n"
        for _ in range(50):
            assert len(await answer.chunk()) > 10_000
            await asyncio.sleep(0.002)
    await until(served.held.closed.is_set)


def _websocket(served: Served) -> tuple[ClientProtocol, bytes]:
    protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{served.port}/graphql"), subprotocols=["graphql-transport-ws"])  # type: ignore[list-item]
    protocol.send_request(protocol.connect())
    return protocol, b"".join(protocol.data_to_send())


async def test_a_websocket_that_floods_pings_and_never_reads_is_sent_no_more_and_given_up(serve: Serve) -> None:
    async with serve(ServerSettings(read_timeout=timedelta(seconds=1))) as served:
        protocol, upgrade = _websocket(served)
        loop = asyncio.get_running_loop()
        with await _begun(served, upgrade) as client:
            protocol.receive_data(await loop.sock_recv(client, 4096))
            for _ in range(2000):
                protocol.send_ping(b"x" * 125)
            flood = b"".join(protocol.data_to_send())
            sent = 0
            ended = False
            while not ended and sent < 200:
                try:
                    async with asyncio.timeout(10):
                        await loop.sock_sendall(client, flood)
                        sent += 1
                except OSError:
                    ended = True
            # Of the pongs, a window and the mark of the buffer are kept, whatever is sent.
            if not ended:
                await until(lambda: standing("websocket") == 0.0)
