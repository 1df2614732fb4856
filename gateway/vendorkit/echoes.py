"""What a vendor repeats of a request in its answer, without what the request proved itself by.

A vendor that refuses a signature may repeat all that was signed, a temporary key's token included, and what it says is
shown to callers and kept in the audit.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from gateway.vendorkit.calls import SignedCall, VendorAnswer

STARS: Final = b"***"
_SECRET_HEADER: Final = re.compile(r"authori[sz]ation|token|secret|signature|passw|credential", re.I)
_SIGNATURE: Final = re.compile(r"\bsign(?:ature)?=([^,&\s]+)", re.I)
# Shorter ones stand in answers by chance.
_SHORTEST: Final = 8
# No refusal is as long; a list's page is not searched for what cannot be in it.
_LONGEST: Final = 64 * 1024


def without_echoes(call: SignedCall, answer: VendorAnswer, secrets: Iterable[str] = ()) -> VendorAnswer:
    """The answer, with stars for the credentials that `call` holds, and for `secrets`."""
    body = answer.body
    if answer.ok and len(body) > _LONGEST:
        return answer
    # The longest first: one may be part of another.
    for shown in sorted({*_credentials(call), *secrets}, key=len, reverse=True):
        if len(shown) >= _SHORTEST:
            for spelled in _spellings(shown):
                if spelled in body:
                    body = body.replace(spelled, STARS)
    return answer if body is answer.body else msgspec.structs.replace(answer, body=body)


def _credentials(call: SignedCall) -> Iterator[str]:
    yield from _SIGNATURE.findall(call.target)
    for name, value in call.headers.items():
        if _SECRET_HEADER.search(name):
            yield value
            yield from _SIGNATURE.findall(value)


def _spellings(shown: str) -> set[bytes]:
    """As it stands, escaped for an address and not, and as JSON is written by those who escape slashes."""
    plain = unquote(shown)
    words = {shown, plain, quote(plain, safe=""), plain.replace("/", "\\/")}
    return {word.encode() for word in words}
