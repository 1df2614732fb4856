"""Leaves: scalars and enums whose values go into the answer as they are, and the test that a value is one of those.

A test is a Python expression that is true of what graphql-core has to complete instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import orjson
from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, specified_scalar_types

ENCODING: Final = orjson.OPT_UTC_Z
"""How answers have to be encoded: moments in UTC are left to orjson, which prints them as RFC 3339 with a Z."""

_BUILT_IN: Final = {
    "String": "{0}.__class__ is not str",
    "ID": "{0}.__class__ is not str",
    "Int": "{0}.__class__ is not int or not -2147483648 <= {0} <= 2147483647",
    "Float": "{0}.__class__ is not float or {0} - {0} != 0.0",
    "Boolean": "{0} is not True and {0} is not False",
}
_MOMENT: Final = "{0}.__class__ is not datetime or {0}.tzinfo is not UTC"
_PLAIN_JSON: Final = "{0}.__class__ not in JSON_CLASSES"

SHARED_NAMES: Final[dict[str, Any]] = {
    "datetime": datetime,
    "UTC": UTC,
    "JSON_CLASSES": frozenset({str, int, float, bool, list, dict}),
}
"""What the tests refer to."""

_MOMENTS = (
    datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 120_000, tzinfo=UTC),
    datetime(1, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
)
_VALUES: tuple[Any, ...] = ("text", 7, 1.5, True, ["a"], {"a": None})


@dataclass(frozen=True, slots=True)
class ShownEnum:
    """How an enum's values print.

    `kind` is the Python enum and `own_names` tells that each member prints as its own name; `names` has every other
    value that may stand for one, by what it prints as.
    """

    kind: type[Enum]
    own_names: bool
    names: dict[Any, str]


@lru_cache(maxsize=256)
def scalar_test(scalar: GraphQLScalarType) -> str | None:
    """The test for values of a scalar, with `{0}` for the value; None when all have to be completed by graphql-core.

    A scalar of one's own is judged by what it makes of samples: left as they are, or printed as the encoder prints.
    """
    if scalar.name in _BUILT_IN and scalar is specified_scalar_types.get(scalar.name):
        return _BUILT_IN[scalar.name]
    if all(_output(scalar, moment) == _printed(moment) for moment in _MOMENTS):
        return _MOMENT
    if all(_output(scalar, value) is value for value in _VALUES):
        return _PLAIN_JSON
    return None


@lru_cache(maxsize=256)
def shown_enum(enum: GraphQLEnumType) -> ShownEnum | None:
    """How the values of an enum that is declared over a Python one print; None for any other."""
    kind = getattr(enum, "wrapped_cls", None)
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return None
    names = {member: _output(enum, member) for member in kind}
    if not all(isinstance(name, str) for name in names.values()):
        return None
    own_names = all(name == member.name for member, name in names.items())
    others: dict[Any, str] = {}
    if not own_names:
        others.update(names)
    for member in kind:
        if member.value.__class__ is str and (name := _output(enum, member.value)) is not None:
            others[member.value] = name
    return ShownEnum(kind, own_names, others)


def _output(leaf: GraphQLLeafType, value: object) -> Any:
    coerce: Callable[[object], Any] = leaf.coerce_output_value
    try:
        return coerce(value)
    # Whatever a scalar raises of a sample, it does not take it as it is.
    except Exception:  # noqa: BLE001
        return None


def _printed(moment: datetime) -> str:
    text: str = orjson.loads(orjson.dumps(moment, option=ENCODING))
    return text
