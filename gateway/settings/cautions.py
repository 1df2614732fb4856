"""Cautions: what a configuration allows that its operator should hear of at every start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from gateway.vendorkit.loopback import is_loopback

if TYPE_CHECKING:
    from gateway.settings.model import Settings

_IN_CLEAR = ("redis://", "valkey://")
_VERIFYING = {"verify-full", "verify-ca"}


def cautions(settings: "Settings") -> Iterator[str]:
    """What travels in clear, or to somebody whose certificate nobody verifies. None of it names a secret."""
    for backend in settings.backends:
        if backend.plain_endpoints():
            yield f"{backend.name}: what is signed for this backend travels in clear (allow_plain_http)"
    if settings.cache.url.startswith(_IN_CLEAR) and not is_loopback(urlsplit(settings.cache.url).hostname or ""):
        yield "cache.url: answers and the password travel to Redis in clear; use rediss:// or valkeys://"
    if not _is_verified(settings.ledger.url):
        yield "ledger.url: PostgreSQL is spoken to without verifying who answers; add ?ssl=verify-full"
    server = settings.server
    if settings.auth.is_on and server.tls is None and not is_loopback(server.host):
        yield "server.tls: credentials of callers travel in clear unless something in front speaks TLS and is near"


def _is_verified(ledger: str) -> bool:
    if not ledger.startswith("postgresql"):
        return True
    parts = urlsplit(ledger)
    asked = parse_qs(parts.query)
    hosts = [host.rpartition(":")[0] or host for host in asked.get("host", ())] or [parts.hostname or ""]
    # A path is a socket of this machine.
    near = all(not host or host.startswith("/") or is_loopback(host) for host in hosts)
    return near or asked.get("ssl", [""])[-1] in _VERIFYING
