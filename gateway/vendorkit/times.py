"""Moments as vendors write them. What cannot be read as a time is None: nothing is invented."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_COMPACT = "%Y%m%dT%H%M%SZ"
_PLAIN_COMPACT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FRACTION = re.compile(r"\.(\d+)")
_SECONDS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
# A date alone names no moment: midnight would be an invention.
_WITH_A_TIME = re.compile(r"[0-9-]+[T ][0-9]{2}:?[0-9]{2}.*", re.ASCII)


def from_epoch(value: float | str | None) -> datetime | None:
    """Seconds since the epoch, with a fraction or without, as a UTC time cut to milliseconds."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _SECONDS.fullmatch(value):
            return from_iso(value)
        value = float(value)
    return _moment(value)


@lru_cache(maxsize=8192)
def _moment(seconds: float) -> datetime | None:
    # Most times of a list that is polled are those of the last poll.
    try:
        return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def from_iso(value: str | None) -> datetime | None:
    """ISO 8601, to minutes, seconds or fractions; without a zone it is read as UTC. A date alone is no moment."""
    if not value or not _WITH_A_TIME.fullmatch(value.strip()):
        return None
    text = _FRACTION.sub(lambda match: f".{match[1][:6]:<06}".replace(" ", "0"), value.strip().replace("Z", "+00:00"))
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def from_compact(value: str | None) -> datetime | None:
    """`20151212T121212Z`, UTC; a full ISO text is taken too."""
    if not value:
        return None
    try:
        if _PLAIN_COMPACT.fullmatch(value):
            # What strptime would read, ten times as fast.
            return datetime.fromisoformat(value)
        return datetime.strptime(value.strip(), _COMPACT).replace(tzinfo=UTC)
    except ValueError:
        return from_iso(value)
