"""KeptConnections: what carries vendor calls, and a transport of httpx.

It keeps connections open between calls and sends each request once, in exactly the bytes it was given: the target
that was signed (in httpx's requests the extension `target`), the headers, and nothing beside them.
Redirects are not followed, cookies not kept, proxies not looked for. The answer is read whole before it is returned.
"""

import asyncio
import re
import socket
import ssl
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import aiohappyeyeballs
import httpx

from gateway.vendorkit.calls import SignedCall, VendorAnswer
from gateway.vendorkit.content_encoding import decoded
from gateway.vendorkit.http1 import Connection, Received

_Origin = tuple[bytes, bytes, int]

_DEFAULT_PORTS = {b"http": 80, b"https": 443}
_TARGET = re.compile(r"[!-~]+")
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

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """Send one call and read its answer, without httpx's objects in between: they cost as much as the rest.

        Raises as `handle_async_request`, httpx.InvalidURL before anything was sent, and httpx.DecodingError for a body
        that is not what its encoding says, or more than fits.
        """
        origin, host = _origin_and_host(base_url)
        message = _message(call.method, call.target, call.all_headers(host), call.body or b"")
        status, sent, body = await self._exchanged(origin, message)
        headers = _read_headers(sent)
        if "content-encoding" in headers:
            body = decoded(body, headers["content-encoding"])
        return VendorAnswer(status=status, headers=headers, body=body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its answer.

        Raises httpx.ConnectError, ConnectTimeout, UnsupportedProtocol or LocalProtocolError before a byte was
        sent, and httpx.ReadError or RemoteProtocolError once the vendor may have received it.
        """
        target = request.extensions.get("target", request.url.raw_path)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        message = _message(request.method, target.decode("latin-1"), headers, await request.aread())
        status, sent, body = await self._exchanged(_origin(request.url), message)
        return httpx.Response(status, headers=_read_headers(sent), stream=httpx.ByteStream(body), request=request)

    async def _exchanged(self, origin: _Origin, message: bytes) -> Received:
        if self._closed:
            raise RuntimeError("These connections are closed.")
        connection = self._kept(origin) or await self._connected(origin)
        received = await connection.exchange(message)
        self._keep(origin, connection)
        return received

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


def _message(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """The request as it goes over the wire. Raises httpx.LocalProtocolError for what would not be one request."""
    if not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("The target of a request is percent-encoded ASCII without blanks.")
    if method == "HEAD":
        raise httpx.LocalProtocolError("A HEAD is answered with a length and no body, which no vendor call expects.")
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *map(": ".join, headers)])
    if head.count("\n") != len(headers) or head.count("\r") != len(headers) or "\0" in head:
        raise httpx.LocalProtocolError("A header of the request holds a line break.")
    if "\ntransfer-encoding:" in head.lower():
        raise httpx.LocalProtocolError("A vendor call is sent whole, with its length, and not in chunks.")
    try:
        return b"%b\r\n\r\n%b" % (head.encode("latin-1"), body)
    except UnicodeEncodeError:
        raise httpx.LocalProtocolError("A header of the request holds what no header can.") from None


def _read_headers(sent: list[tuple[bytes, bytes]]) -> httpx.Headers:
    headers = httpx.Headers(sent)
    # Otherwise httpx tries encodings out, at each look at a header.
    headers.encoding = "iso-8859-1"
    return headers


def _origin(url: httpx.URL) -> _Origin:
    return url.raw_scheme, url.raw_host, url.port or _DEFAULT_PORTS.get(url.raw_scheme, 0)


@lru_cache(maxsize=256)
def _origin_and_host(base_url: str) -> tuple[_Origin, str]:
    url = httpx.URL(base_url)
    return _origin(url), url.netloc.decode("ascii")
