"""TLS of the gateway's own port: what is presented, what is asked of clients, and what a client has shown."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

from gateway.cli.refusing import refuse
from gateway.settings import TlsSettings


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context to serve with; an exit that says which file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for path in (settings.certificate, settings.private_key, settings.client_ca):
        if path is not None:
            _check(path)
    try:
        # With a password given, OpenSSL does not ask for one at the terminal.
        context.load_cert_chain(settings.certificate, settings.private_key, password="")
    except ssl.SSLError:
        refuse(
            f"server.tls: {settings.certificate} and {settings.private_key} are no certificate and its key, both as "
            "PEM and the key not encrypted."
        )
    if settings.client_ca is not None:
        try:
            context.load_verify_locations(settings.client_ca)
        except ssl.SSLError:
            refuse(f"server.tls: {settings.client_ca} holds no certificates as PEM.")
        required = settings.require_client_certificate
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def shown_by(transport: asyncio.BaseTransport) -> dict[str, Any]:
    """The ASGI extension `tls` of a connection: the names that its verified client certificate bears.

    Empty without a certificate. One that could not be verified has ended the handshake.
    """
    certificate = transport.get_extra_info("peercert") or {}
    alternatives = [value for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "URI")]
    common = [value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"]
    names = (*alternatives, *common)
    return {"tls": {"client_names": names}} if names else {}


def _check(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as problem:
        refuse(f"server.tls: {path} cannot be read: {problem.strerror}.")
