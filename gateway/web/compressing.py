"""Answers in gzip, for clients that take it and where it saves more than it costs."""

import re
import zlib
from functools import lru_cache

_LEAST = 1024
_MOST_KEPT = 256 * 1024
# On answers of ours, higher levels take up to twice as long for a thirtieth less.
_LEVEL = 4
_GZIP = 16 + zlib.MAX_WBITS
_NEVER = re.compile(r"q=0(\.0*)?")


def compressed(body: bytes, accept_encoding: str | None) -> bytes | None:
    """The body in gzip; None where the client does not take that, or the body is better sent as it is."""
    if accept_encoding is None or len(body) < _LEAST or not _takes_gzip(accept_encoding):
        return None
    return _kept(body) if len(body) <= _MOST_KEPT else _gzip(body)


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL, _GZIP)


# Many clients ask the same within a cache's life, and are given the same bytes.
_kept = lru_cache(maxsize=32)(_gzip)


@lru_cache(maxsize=128)
def _takes_gzip(accept_encoding: str) -> bool:
    named = {}
    for entry in accept_encoding.lower().split(","):
        coding, _, parameters = entry.partition(";")
        named[coding.strip()] = _NEVER.fullmatch(parameters.replace(" ", "")) is None
    return named.get("gzip", named.get("x-gzip", named.get("*", False)))
