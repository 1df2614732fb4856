"""HostGuard: which pages may make a browser call, and by which names.

A page of a foreign site can make a browser call a loopback address, straight (told by Origin) or by a name of its own
that resolves to it (told by Host). Both are refused here, for HTTP and websockets alike. Where callers have to show who
they are, every host name is served: a page cannot show what it does not have.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.domain.answer_codes import AnswerCode
from gateway.settings import is_loopback
from gateway.web.responses import refusal

_MOST_HOSTS = 64


class HostGuard:
    """Middleware. `bound` is the address the server listens on; `origins` may call beside loopback ones."""

    def __init__(self, *, bound: str, origins: Sequence[str], any_host: bool = False) -> None:
        self._any_host = any_host
        self._bound = bound.strip("[]").lower()
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._hosts: set[bytes] = set()

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind this guard."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            await self._judge(app, scope, receive, send)

        return guarded

    async def _judge(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        hosts = headers.getlist("host") or [""]
        if not all(map(self._is_ours, hosts)):
            refused = refusal(
                421, "This host name is not served here. Use 127.0.0.1 or localhost.", AnswerCode.FORBIDDEN
            )
        elif not all(self._may_call(origin) for origin in headers.getlist("origin")):
            refused = refusal(
                403, "Pages of this origin may not call. List it in server.cors_origins.", AnswerCode.FORBIDDEN
            )
        else:
            self._remember(hosts)
            await app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            # Closed before it is accepted, which the server turns into HTTP 403.
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            await refused(scope, receive, send)

    def knows(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request comes from no page, under one host name that was let in before."""
        host = None
        for name, value in headers:
            if name == b"origin" or (name == b"host" and host is not None):
                return False
            if name == b"host":
                host = value
        return host in self._hosts

    def _remember(self, hosts: list[str]) -> None:
        if len(hosts) == 1 and len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(hosts[0].encode("latin-1"))

    def _is_ours(self, host: str) -> bool:
        name = _host_name(f"//{host}")
        return name is not None and (self._any_host or is_loopback(name) or name == self._bound)

    def _may_call(self, origin: str) -> bool:
        if origin.lower() in self._origins:
            return True
        name = _host_name(origin) if origin.startswith(("http://", "https://")) else None
        return name is not None and is_loopback(name)


def _host_name(address: str) -> str | None:
    """The host of an address, lower case, without brackets and port; None when it is no bare scheme, host and port."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises when the port is no number
    except ValueError:
        return None
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.hostname if bare else None
