"""Reading vendors' JSON: unknown members are ignored, missing ones are None, and each row keeps its own raw text."""

from typing import TypeVar

import msgspec

Shape = TypeVar("Shape")


class Unreadable(Exception):
    """The text is not JSON of the documented shape."""


def read_json(body: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """Decode into a msgspec.Struct. Raises Unreadable. Declare rows as msgspec.Raw where their raw text is kept."""
    try:
        return msgspec.json.decode(body or b"{}", type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Unreadable(str(problem)) from None
