"""Reading Tuya's JSON whatever its casing and list shape.

Tuya's tables write `JobId` where its samples write `jobId`, and the shape of lists is not settled: a bare array,
an array inside `simpleX`, or a single object. All of them are read. An empty text counts as nothing said.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from gateway.vendorkit.decoding import Unreadable

Shape = TypeVar("Shape")

# A pre-signed address gives the file to whoever holds it: it is dropped where answers are read.
_SECRET_MEMBERS = frozenset({"firmwareurl"})


def struct_name(member: str) -> str:
    """The wire name of a struct's member, in lower case: `job_id` is read from any casing of JobId."""
    return member.replace("_", "")


def members_of(body: bytes) -> dict[str, object]:
    """An answer's top level, names in lower case. Raises Unreadable when it is not a JSON object."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Unreadable(str(problem)) from None
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return {str(name).lower(): value for name, value in found.items()}


def rows_of(value: object) -> list[dict[str, object]]:
    """A list's rows from any of its shapes. Raises Unreadable when there are rows that are no objects."""
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if str(name).lower().startswith("simple"):
            value = inner
    listed = value if isinstance(value, list) else [value] if value else []
    rows = [row for row in listed if isinstance(row, dict)]
    if len(rows) < len(listed):
        raise Unreadable("a list with rows that are no objects")
    return rows


def read_row(row: Mapping[str, object], shape: type[Shape]) -> Shape:
    """One object as a struct whose members are renamed by `struct_name`. Raises Unreadable."""
    try:
        return msgspec.convert(_lowered(row), shape, strict=False)
    except (msgspec.ValidationError, RecursionError) as problem:
        raise Unreadable(str(problem)) from None


def raw_of(row: Mapping[str, object]) -> bytes:
    """The vendor's own object as JSON, without what must not be shown. Raises Unreadable for what JSON cannot hold."""
    shown = {name: value for name, value in row.items() if name.lower() not in _SECRET_MEMBERS}
    try:
        return msgspec.json.encode(shown)
    except (msgspec.MsgspecError, OverflowError, RecursionError, ValueError) as problem:
        raise Unreadable(str(problem)) from None


def _lowered(value: object, name: str = "") -> object:
    if isinstance(value, Mapping):
        return {str(key).lower(): _lowered(inner, str(key).lower()) for key, inner in value.items()}
    if isinstance(value, list):
        return [_lowered(inner) for inner in value]
    if isinstance(value, int) and name.endswith("id") and not isinstance(value, bool):
        return str(value)
    return None if value == "" else value
