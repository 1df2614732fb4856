"""Opaque page tokens that are awkward on purpose: in their usual form they hold `+` and `/`, and often `=`."""

import base64
import binascii

import orjson

_MARK = b"\xfb\xff\xbf"


def write_token(listing: str, position: list[str | int], *, url_safe: bool = False) -> str:
    """The token for the place behind `position` in a listing. `listing` names the list and its filters."""
    raw = _MARK + orjson.dumps([listing, position])
    return (base64.urlsafe_b64encode(raw) if url_safe else base64.b64encode(raw)).decode()


def read_token(token: str, listing: str) -> list[str | int]:
    """The position in a token. Raises ValueError when the token is broken or belongs to another listing."""
    try:
        raw = base64.b64decode(token.replace("-", "+").replace("_", "/"), validate=True)
        if not raw.startswith(_MARK):
            raise ValueError("not one of our tokens")
        owner, position = orjson.loads(raw[len(_MARK) :])
    except (binascii.Error, ValueError, TypeError):
        raise ValueError("The page token cannot be read.") from None
    if owner != listing:
        raise ValueError("The page token belongs to another listing.")
    return list(position)
