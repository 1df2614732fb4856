"""KeptConnections: the httpx transport that carries vendor calls.

It keeps connections open between calls and sends each request once, in exactly the bytes it was given: the target
that was signed (extension `target`, as httpx's own transport takes it), the headers, and nothing beside them.
Redirects are not followed, cookies not kept, proxies not looked for. The answer is read whole before it is returned.
"""

import asyncio
import re
import socket
import ssl
from collections import defaultdict

import aiohappyeyeballs
import httpx

from gateway.vendorkit.http1 import Connection

_Origin = tuple[bytes, bytes, int]

_DEFAULT_PORTS = {b"http": 80, b"https": 443}
_TARGET = re.compile(rb"[!-~]+")
_SECOND_ADDRESS_AFTER = 0.25


class KeptConnections(httpx.AsyncBaseTransport):
    """Connections of one event loop, to any number of vendors.

    As many are opened as calls are under way; at most `most_idle` are kept, for at most `idle_seconds`, which should
    be less than vendors keep theirs. Time is the caller's to bound, by cancelling: the connection then ends.
    """

    def __init__(
        self, *, most_idle: int = 256, idle_seconds: float = 30.0, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._most_idle = most_idle
        self._idle_seconds = idle_seconds
        self._ssl = ssl_context
        self._idle: defaultdict[_Origin, list[Connection]] = defaultdict(list)
        self._open: set[Connection] = set()
        self._idle_count = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its answer.

        Raises httpx.ConnectError, ConnectTimeout, UnsupportedProtocol or LocalProtocolError before a byte was
        sent, and httpx.ReadError or RemoteProtocolError once the vendor may have received it.
        """
        if self._closed:
            raise RuntimeError("These connections are closed.")
        message = await _message(request)
        url = request.url
        origin = (url.raw_scheme, url.raw_host, url.port or _DEFAULT_PORTS.get(url.raw_scheme, 0))
        connection = self._kept(origin) or await self._connected(origin)
        status, headers, body = await connection.exchange(message)
        self._keep(origin, connection)
        response = httpx.Response(status, headers=headers, stream=httpx.ByteStream(body), request=request)
        # Otherwise httpx tries the headers' encodings out, at each look at one of them.
        response.headers.encoding = "iso-8859-1"
        return response

    async def aclose(self) -> None:
        """End every connection, those in use too."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self._open):
            connection.close()
        if self._open:
            # The loop lets go of them in its next turn.
            await asyncio.sleep(0)

    # ------------------------------------------------------------------ idle ones

    def _kept(self, origin: _Origin) -> Connection | None:
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            self._idle_count -= 1
            if connection.fresh:
                return connection
            connection.close()
        return None

    def _keep(self, origin: _Origin, connection: Connection) -> None:
        if self._closed or not connection.reusable or self._idle_count >= self._most_idle:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle[origin].append(connection)
        self._idle_count += 1
        if self._sweep is None:
            self._sweep = loop.call_later(self._idle_seconds, self._end_old_ones)

    def _end_old_ones(self) -> None:
        """Each list is in the order of age, oldest first."""
        loop = asyncio.get_running_loop()
        horizon = loop.time() - self._idle_seconds
        for idle in self._idle.values():
            old = sum(connection.idle_since <= horizon for connection in idle)
            for connection in idle[:old]:
                connection.close()
            del idle[:old]
            self._idle_count -= old
        oldest = min((idle[0].idle_since for idle in self._idle.values() if idle), default=None)
        self._sweep = None
        if oldest is not None:
            self._sweep = loop.call_at(oldest + self._idle_seconds, self._end_old_ones)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        for idle in self._idle.values():
            if connection in idle:
                idle.remove(connection)
                self._idle_count -= 1

    # ------------------------------------------------------------------ new ones

    async def _connected(self, origin: _Origin) -> Connection:
        scheme, raw_host, port = origin
        if scheme not in _DEFAULT_PORTS:
            raise httpx.UnsupportedProtocol(f"A vendor's URL begins with http:// or https://, not {scheme.decode()}.")
        host = raw_host.decode("ascii")
        secured = scheme == b"https"
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            reached = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_SECOND_ADDRESS_AFTER)
            _, connection = await loop.create_connection(
                lambda: Connection(self._lost),
                sock=reached,
                ssl=self._tls() if secured else None,
                server_hostname=host if secured else None,
            )
        except TimeoutError as problem:
            raise httpx.ConnectTimeout(f"{host}:{port} did not answer.") from problem
        except (OSError, UnicodeError) as problem:
            raise httpx.ConnectError(f"{host}:{port} cannot be reached ({problem}).") from problem
        self._open.add(connection)
        return connection

    def _tls(self) -> ssl.SSLContext:
        if self._ssl is None:
            self._ssl = httpx.create_ssl_context(trust_env=False)
            self._ssl.set_alpn_protocols(["http/1.1"])
        return self._ssl


async def _message(request: httpx.Request) -> bytes:
    """The request as it goes over the wire. Raises httpx.LocalProtocolError for what would not be one request."""
    target = request.extensions.get("target", request.url.raw_path)
    if not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("The target of a request is percent-encoded ASCII without blanks.")
    if request.method == "HEAD":
        raise httpx.LocalProtocolError("A HEAD is answered with a length and no body, which no vendor call expects.")
    headers = request.headers.raw
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), target), *map(b": ".join, headers)]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers) or b"\0" in head:
        raise httpx.LocalProtocolError("A header of the request holds a line break.")
    if b"\ntransfer-encoding:" in head.lower():
        raise httpx.LocalProtocolError("A vendor call is sent whole, with its length, and not in chunks.")
    return b"%b\r\n\r\n%b" % (head, await request.aread())
