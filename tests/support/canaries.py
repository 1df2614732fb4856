"""Secrets that stand in tests, to be looked for wherever something is written down."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from gateway.vendorkit.simulation.options import SimulatorOptions
from tests.support.aws_backends import SECRET_KEY
from tests.support.simulated_gateway import SECRET

MARK: Final = "canary-7f3a9c"

SECRETS_OF_THE_SUITE: Final = (MARK, SimulatorOptions().secret_key, SECRET_KEY, SECRET, "wrong-secret")
"""What tests use for secrets throughout. Nothing that a gateway or its commands write may hold one of these."""


def canary(name: str) -> str:
    """A secret, long enough for every use, that is found by its mark."""
    return f"{MARK}-{name}-{'0123456789abcdef' * 2}"


def found_in(text: bytes, secrets: Iterable[str]) -> list[str]:
    """The secrets that stand in a text, as they are or as something commonly spells them."""
    return [secret for secret in secrets if any(spelled in text for spelled in _spellings(secret))]


def _spellings(secret: str) -> Iterator[bytes]:
    plain = secret.encode()
    yield plain
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    # Wherever it begins within the three bytes that base64 takes at once, its middle is spelled the same.
    if len(plain) >= 12:
        for before in range(3):
            yield b64encode(b"\0" * before + plain)[4 : -4 if (before + len(plain)) % 3 else None]
