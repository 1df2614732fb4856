"""Bodies as they were before they were compressed for the way, within a bound: a few bytes can hold gigabytes."""

import zlib

import httpx

from gateway.vendorkit.http1 import LARGEST_ANSWER

_NONE = frozenset({"", "identity"})
_GZIP = frozenset({"gzip", "x-gzip"})
_AUTOMATIC = zlib.MAX_WBITS | 32


def decoded(body: bytes, encodings: str) -> bytes:
    """The body that a Content-Encoding of `encodings` stands for: what was asked for, gzip and deflate, each at most
    once.

    Raises httpx.DecodingError for a body that is not what that says, is cut, or exceeds LARGEST_ANSWER bytes.
    """
    applied = [name for name in (part.strip().lower() for part in encodings.split(",")) if name not in _NONE]
    if not applied or not body:
        return body
    if len(applied) > 1 or applied[0] not in _GZIP | {"deflate"}:
        raise httpx.DecodingError("The body is encoded in a way that was not asked for.")
    try:
        return _inflated(body, _AUTOMATIC)
    except zlib.error:
        if applied[0] in _GZIP:
            raise httpx.DecodingError("The body is no gzip.") from None
    try:
        # Some servers send deflate without its wrapper.
        return _inflated(body, -zlib.MAX_WBITS)
    except zlib.error:
        raise httpx.DecodingError("The body is no deflate.") from None


def _inflated(body: bytes, window: int) -> bytes:
    """Raises zlib.error for what is not compressed so, httpx.DecodingError for what does not end within the bound."""
    inflating = zlib.decompressobj(window)
    found = inflating.decompress(body, LARGEST_ANSWER + 1)
    if len(found) > LARGEST_ANSWER:
        raise httpx.DecodingError(f"The body exceeds {LARGEST_ANSWER} bytes when it is decompressed.")
    if not inflating.eof:
        raise httpx.DecodingError("The compressed body is cut.")
    return found
