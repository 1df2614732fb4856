"""DateTime and JSON, as the contract means them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MOST_DIGITS = 6


def print_moment(moment: object) -> str:
    """RFC 3339 in UTC with a Z; digits below the second only where the vendor gave them."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise GraphQLError("A time without a zone cannot be shown.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_moment(text: object) -> datetime:
    """Read RFC 3339 with any offset, to UTC. Raises GraphQLError for anything else, a time without an offset too.

    Digits below the microsecond are cut off.
    """
    expected = 'Expected RFC 3339 with an offset, such as "2026-03-01T12:00:00Z" or "2026-03-01T13:00:00.5+01:00".'
    if not isinstance(text, str) or (match := _RFC_3339.fullmatch(text)) is None:
        raise GraphQLError(f"This is not a DateTime. {expected}")
    fraction = match.group(1) or ""
    plain = text.upper().replace(fraction, fraction[: _MOST_DIGITS + 1], 1) if fraction else text.upper()
    try:
        return datetime.fromisoformat(plain).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(f"There is no such moment. {expected}") from None


def _as_it_is(value: object) -> object:
    return value


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment, RFC 3339. Always printed in UTC with a Z; read with any offset, and refused without one. "
            "It has digits below the second only where the vendor gave them."
        ),
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339#section-5.6",
        serialize=print_moment,
        parse_value=read_moment,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259",
        serialize=_as_it_is,
        parse_value=_as_it_is,
    ),
}
