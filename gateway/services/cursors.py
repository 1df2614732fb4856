"""Cursors: opaque, signed, and bound to the list, filter and order that they continue."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b, sha256
from typing import Any

import msgspec

from gateway.domain.errors import InvalidInput

_TAG_BYTES = 12
_LONGEST = 100_000


class CursorKey:
    """Signs and reads cursors with one secret. A cursor that another secret signed is refused as altered."""

    def __init__(self, secret: bytes) -> None:
        self._secret = sha256(b"ota-gateway cursor\x00" + secret).digest()

    def sign(self, binding: bytes, place: Any) -> str:
        """A cursor that leads to `place`, any plain data, in the list that `binding` names."""
        body = msgspec.json.encode(place)
        return urlsafe_b64encode(self._tag(binding, body) + body).rstrip(b"=").decode()

    def read(self, binding: bytes, cursor: str) -> Any:
        """The place a cursor leads to. Raises InvalidInput when it was altered or belongs to another list."""
        try:
            if len(cursor) > _LONGEST:
                raise ValueError
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
            if not hmac.compare_digest(tag, self._tag(binding, body)):
                raise ValueError
            return msgspec.json.decode(body)
        except (Base64Error, UnicodeError, ValueError, msgspec.DecodeError):
            rule = "a cursor from the same list, with the same filter and order, exactly as the gateway printed it"
            raise InvalidInput(
                f"This cursor does not continue this list. Expected {rule}; leave `after` out to start anew.",
                path=("after",),
                rule=rule,
            ) from None

    def _tag(self, binding: bytes, body: bytes) -> bytes:
        return hmac.digest(self._secret, binding + b"\x00" + body, "sha256")[:_TAG_BYTES]


def binding(*parts: Any) -> bytes:
    """The name of a list with its filter and order, short."""
    return blake2b(msgspec.json.encode(parts), digest_size=16).digest()
