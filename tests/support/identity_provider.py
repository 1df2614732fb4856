"""An identity provider for tests: keys of every kind, a JWKS address on loopback, and tokens, honest or not."""

import asyncio
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

ISSUER = "https://id.example/tenant"
AUDIENCE = "ota-gateway"

_ALGORITHMS = get_default_algorithms()


def key_of(kind: str, which: int = 0) -> Any:
    """A private key: RSA, RSA-1024, P-256, P-384, P-521, Ed25519 or Ed448; the same for the same `which`."""
    return _drawn(kind, which)


@cache
def _drawn(kind: str, _which: int) -> Any:
    match kind:
        case "RSA":
            return rsa.generate_private_key(65537, 2048)
        case "RSA-1024":
            return rsa.generate_private_key(65537, 1024)  # noqa: S505 - a key too short, to be refused
        case "P-256":
            return ec.generate_private_key(ec.SECP256R1())
        case "P-384":
            return ec.generate_private_key(ec.SECP384R1())
        case "P-521":
            return ec.generate_private_key(ec.SECP521R1())
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ed448.Ed448PrivateKey.generate()


def pem_of(key: Any) -> bytes:
    """Its public half, as PEM."""
    found: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


def jwk_of(key: Any, kid: str | None = None, **members: Any) -> dict[str, Any]:
    """Its public half, as JWK."""
    name = (
        "RS256"
        if isinstance(key, rsa.RSAPrivateKey)
        else "ES256"
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else "EdDSA"
    )
    found: dict[str, Any] = _ALGORITHMS[name].to_jwk(key.public_key(), as_dict=True)
    found.pop("key_ops", None)
    return {**found, **({} if kid is None else {"kid": kid}), **members}


def encoded(part: bytes | Mapping[str, Any]) -> bytes:
    """A part of a token."""
    return urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=")


def claims(**changed: Any) -> dict[str, Any]:
    """What an honest token says, with some claims set otherwise, or left out where the value is None."""
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": now + 300, "iat": now, "roles": ["viewer"], **changed}
    return {name: value for name, value in said.items() if value is not None}


def signed(key: Any, header: Mapping[str, Any], payload: bytes | Mapping[str, Any], *, by: str | None = None) -> str:
    """A token, signed by the algorithm that its header names unless `by` names another, or by HMAC for bytes."""
    message = encoded(header) + b"." + encoded(payload)
    if isinstance(key, bytes):
        signature = hmac.new(key, message, hashlib.sha256).digest()
    else:
        signature = _ALGORITHMS[by or header["alg"]].sign(message, key)
    return (message + b"." + encoded(signature)).decode()


@dataclass
class IdentityProvider:
    """Publishes `keys`, JWKs, at `jwks_url`; `fetches` counts who asked. While `broken`, it answers 500."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    fetches: int = 0
    broken: bool = False
    body: bytes | None = None
    _server: asyncio.Server | None = None
    _port: int = 0
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def jwks_url(self) -> str:
        """Where the keys are."""
        return f"http://127.0.0.1:{self._port}/keys"

    def publish(self, kind: str, kid: str, *, which: int = 0, **members: Any) -> None:
        """Add the public half of a key."""
        self.keys.append(jwk_of(key_of(kind, which), kid, **members))

    async def asked_again(self) -> None:
        """Wait until somebody has read the keys once more, and had the time to take them in."""
        self._answered.clear()
        await self._answered.wait()
        await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
        status = b"500 Broken" if self.broken else b"200 OK"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)) + body)
        await writer.drain()
        writer.close()
        self._answered.set()
