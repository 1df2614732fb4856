"""Rules that hold for every vendor, checked before any backend is asked."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.errors import InvalidInput
from gateway.services.inputs import Change

MOST_ROWS_A_PAGE = 1000
MOST_TARGETS = 1000
_LONGEST_REASON = 2028
_LONGEST_KEY = 255


def broken(path: Sequence[str], rule: str, message: str | None = None) -> InvalidInput:
    """The error for a member that breaks a rule."""
    return InvalidInput(message or f"{'.'.join(path)}: expected {rule}.", path=path, rule=rule)


def check_first(first: int) -> None:
    """Raise InvalidInput when a page size is out of range."""
    if not 1 <= first <= MOST_ROWS_A_PAGE:
        raise broken(("first",), f"1 to {MOST_ROWS_A_PAGE}")


def check_range(after: datetime | None, before: datetime | None, path: tuple[str, ...]) -> None:
    """Raise InvalidInput when a time range ends before it begins."""
    if after is not None and before is not None and after >= before:
        raise broken(path, "a range whose beginning lies before its end")


def check_change(change: Change) -> None:
    """Raise InvalidInput for what every change carries."""
    if change.reason is not None and len(change.reason) > _LONGEST_REASON:
        raise broken(("reason",), f"at most {_LONGEST_REASON} characters")
    if change.idempotency_key is not None and not 1 <= len(change.idempotency_key) <= _LONGEST_KEY:
        raise broken(("idempotencyKey",), f"1 to {_LONGEST_KEY} characters")


def check_list(values: Sequence[str], path: tuple[str, ...]) -> None:
    """Raise InvalidInput for a list of targets that is empty, too long, or names one twice."""
    if not values:
        raise broken(path, "at least one entry", f"{'.'.join(path)} is empty. Name what is meant; nothing is not all.")
    if len(values) > MOST_TARGETS:
        raise broken(
            path,
            f"at most {MOST_TARGETS} entries",
            f"{'.'.join(path)} has {len(values)} entries; at most {MOST_TARGETS} go in one call. Split it.",
        )
    seen: set[str] = set()
    for index, value in enumerate(values):
        if not value.strip():
            raise broken((*path, str(index)), "a name that is not blank")
        if value in seen:
            raise broken((*path, str(index)), "each entry once", f"{'.'.join(path)} names {value!r} twice.")
        seen.add(value)


def exactly_one(first: object | None, second: object | None, names: tuple[str, str], path: tuple[str, ...]) -> None:
    """Raise InvalidInput unless exactly one of two exclusive members is given."""
    if (first is None) == (second is None):
        rule = f"exactly one of {names[0]} and {names[1]}"
        given = "Neither is given" if first is None else "Both are given"
        raise broken((*path, names[0]), rule, f"{given}: give {rule}.")
