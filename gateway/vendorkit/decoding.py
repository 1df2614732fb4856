"""Reading vendors' JSON: unknown members are ignored, missing ones are None, and each row keeps its own raw text."""

from typing import TypeVar

import msgspec

Shape = TypeVar("Shape")

_LARGEST_COUNT = 2**31 - 1
_MOST_DIGITS = 10


class Unreadable(Exception):
    """The text is not JSON of the documented shape."""


def read_json(body: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """Decode into a msgspec.Struct. Raises Unreadable, for an empty body too: what was not said is not empty.

    Declare rows as msgspec.Raw where their raw text is kept.
    """
    try:
        return msgspec.json.decode(in_utf8(body), type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Unreadable(str(problem)) from None


def in_utf8(body: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    """A body, every byte of it looked at: the decoder skips what no shape asks for, and raw texts would keep it.

    Raises UnicodeDecodeError. A Raw is part of a body that was looked at.
    """
    if type(body) is bytes and not body.isascii():
        body.decode()
    return body


def count_of(value: object) -> int | None:
    """A count or a number of attempts as the vendor gives it; None for what is none: below zero, a fraction, no
    number, or more than an Int of GraphQL holds.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not (value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS):
        return None
    number = float(value)
    return int(number) if number.is_integer() and 0 <= number <= _LARGEST_COUNT else None
