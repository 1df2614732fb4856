"""What a modelled member may hold: lengths, patterns, enums, ranges, and nesting, as a service model states them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string. `pattern` covers the whole of it; `printable` refuses control, format and unassigned characters."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    one_of: tuple[str, ...] = ()
    printable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An integer, or with `fraction` any number."""

    least: float | None = None
    most: float | None = None
    fraction: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """An array."""

    of: "Shape"
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """An object from string to string."""

    key: Text = field(default_factory=Text)
    value: Text = field(default_factory=Text)
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """An object with named members. Members it does not name are ignored, as AWS does."""

    of: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()


Shape = Text | Number | Flag | Items | Entries | Members


def from_query(text: str, shape: Shape) -> Any:
    """A query or path value as the type its shape asks for; text that does not fit is left for `fault_in` to find."""
    if isinstance(shape, Number) and re.fullmatch(r"-?\d{1,19}", text):
        return int(text)
    if isinstance(shape, Flag) and text in {"true", "false"}:
        return text == "true"
    return text


def fault_in(value: Any, shape: Shape, name: str) -> str | None:
    """A sentence on what is wrong with `value`, or None."""
    match shape:
        case Text():
            return _text(value, shape, name)
        case Number():
            return _number(value, shape, name)
        case Flag():
            return None if isinstance(value, bool) else f"{name} must be true or false."
        case Items():
            if not isinstance(value, list):
                return f"{name} must be an array."
            each = (fault_in(item, shape.of, f"{name}[{place}]") for place, item in enumerate(value))
            return _size(len(value), shape.least, shape.most, name, "items") or next(filter(None, each), None)
        case Entries():
            if not isinstance(value, dict):
                return f"{name} must be an object."
            pairs = ((fault_in(k, shape.key, name), fault_in(v, shape.value, f"{name}.{k}")) for k, v in value.items())
            found = next((one for pair in pairs for one in pair if one), None)
            return _size(len(value), shape.least, shape.most, name, "entries") or found
        case Members():
            return _members(value, shape, name)


def _text(value: Any, shape: Text, name: str) -> str | None:
    if not isinstance(value, str):
        return f"{name} must be a string."
    if fault := _size(len(value), shape.least, shape.most, name, "characters"):
        return fault
    if shape.one_of and value not in shape.one_of:
        return f"{name} must be one of {', '.join(shape.one_of)}."
    if shape.pattern and not re.fullmatch(shape.pattern, value):
        return f"{name} does not match the pattern {shape.pattern}."
    if shape.printable and any(unicodedata.category(character).startswith("C") for character in value):
        return f"{name} must not hold control characters."
    return None


def _number(value: Any, shape: Number, name: str) -> str | None:
    right = isinstance(value, (int, float)) if shape.fraction else isinstance(value, int)
    if not right or isinstance(value, bool):
        return f"{name} must be {'a number' if shape.fraction else 'an integer'}."
    return _size(value, shape.least, shape.most, name, "")


def _members(value: Any, shape: Members, name: str) -> str | None:
    if not isinstance(value, dict):
        return f"{name or 'The body'} must be an object."
    prefix = f"{name}." if name else ""
    for member in shape.required:
        if value.get(member) is None:
            return f"{prefix}{member} is required."
    for member, inner in shape.of.items():
        given = value.get(member)
        if given is not None and (fault := fault_in(given, inner, prefix + member)):
            return fault
    return None


def _size(size: float, least: float | None, most: float | None, name: str, unit: str) -> str | None:
    if least is not None and size < least:
        return f"{name} must be at least {least:g} {unit}".rstrip() + "."
    if most is not None and size > most:
        return f"{name} must be at most {most:g} {unit}".rstrip() + "."
    return None
