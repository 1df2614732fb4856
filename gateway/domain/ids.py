"""Global ids: opaque to clients, versioned, and carrying the generation of what they name.

An id is base64url of `1:kind:backend:key:generation`, each part percent-encoded, the parts of the native key joined
by `/`. The generation (usually a creation time) tells apart two objects that stood under one reusable key, so that
an old id never reaches a new object. An id is no secret and no permission.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from binascii import b2a_base64
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote

from gateway.domain.errors import InvalidInput

_VERSION = "1"
_MAX_LENGTH = 4096
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


class Kind(StrEnum):
    """What an id names."""

    TASK = "task"
    PACKAGE = "package"
    EXECUTION = "execution"
    DEVICE = "device"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class ObjectId:
    """A decoded id. `key` is the vendor's own key, in the order its adapter chose; `generation` may be empty."""

    kind: Kind
    backend: str
    key: tuple[str, ...]
    generation: str = ""

    def __str__(self) -> str:
        return encode(self)


def percent_encoded(part: str) -> str:
    """A part with all but letters, digits and `_.-~` percent-encoded."""
    # Nearly every part is plain, and a page of a list holds a thousand of them.
    return part if _PLAIN.fullmatch(part) else quote(part, safe="")


def encode(ref: ObjectId) -> str:
    """The opaque form that clients see."""
    key = percent_encoded(ref.key[0]) if len(ref.key) == 1 else "/".join([percent_encoded(part) for part in ref.key])
    text = f"{_beginning(ref.kind, ref.backend)}{key}:{percent_encoded(ref.generation)}"
    return b2a_base64(text.encode("ascii"), newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=512)
def _beginning(kind: Kind, backend: str) -> str:
    return f"{_VERSION}:{kind.value}:{percent_encoded(backend)}:"


@lru_cache(maxsize=4096)
def decode(text: str, expected: Kind | None = None) -> ObjectId:
    """Read an id. Raises InvalidInput when it is malformed, of another version, or not of the expected kind."""
    if not text or len(text) > _MAX_LENGTH:
        raise _malformed("an id of 1 to 4096 characters, as the gateway printed it")
    try:
        plain = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except (Base64Error, UnicodeError, ValueError):
        raise _malformed("an id as the gateway printed it; this one is not base64url") from None
    parts = plain.split(":")
    if len(parts) != 5 or parts[0] != _VERSION or not parts[2] or not parts[3]:
        raise _malformed("an id as the gateway printed it; this one names nothing")
    try:
        kind = Kind(parts[1])
    except ValueError:
        raise _malformed("an id of a task, package, execution, device or audit entry") from None
    ref = ObjectId(kind, unquote(parts[2]), tuple(unquote(p) for p in parts[3].split("/")), unquote(parts[4]))
    if encode(ref) != text:
        raise _malformed("an id exactly as the gateway printed it; this one was altered")
    if expected is not None and kind is not expected:
        raise _malformed(f"the id of {_article(expected)}; this one is the id of {_article(kind)}")
    return ref


def _article(kind: Kind) -> str:
    return f"an {kind.value}" if kind.value[0] in "aeiou" else f"a {kind.value}"


def _malformed(rule: str) -> InvalidInput:
    return InvalidInput(f"This is not a usable id. Expected {rule}.", path=("id",), rule=rule)


def generation_of(moment: datetime | None) -> str:
    """A moment as a generation: seconds since the epoch, whole, or with the three or six digits of a finer clock.

    A fraction keeps its trailing zeros: `.700` is a reading in milliseconds, not one in tenths of a second.
    """
    if moment is None:
        return ""
    since = moment - _EPOCH
    whole = since.days * 86_400 + since.seconds
    if since.microseconds == 0:
        return str(whole)
    digits = f"{since.microseconds:06d}"
    return f"{whole}.{digits[:3] if digits.endswith('000') else digits}"


def same_generation(one: str, other: str) -> bool:
    """Whether two generations can be of one object: times are compared at the coarser precision of the two."""
    whole_one, _, fraction_one = one.partition(".")
    whole_other, _, fraction_other = other.partition(".")
    shared = min(len(fraction_one), len(fraction_other))
    return whole_one == whole_other and fraction_one[:shared] == fraction_other[:shared]
