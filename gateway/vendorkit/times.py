"""Moments as vendors write them. What cannot be read as a time is None: nothing is invented."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_COMPACT = "%Y%m%dT%H%M%SZ"
_PLAIN_COMPACT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FRACTION = re.compile(r"\.(\d+)")


def from_epoch(value: float | str | None) -> datetime | None:
    """Seconds since the epoch, with a fraction or without, as a UTC time cut to milliseconds."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return from_iso(str(value))
    return _moment(value)


@lru_cache(maxsize=8192)
def _moment(seconds: float) -> datetime | None:
    # Most times of a list that is polled are those of the last poll.
    try:
        return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def from_iso(value: str | None) -> datetime | None:
    """ISO 8601, to minutes, seconds or fractions; without a zone it is read as UTC."""
    if not value:
        return None
    text = _FRACTION.sub(lambda match: f".{match[1][:6]:<06}".replace(" ", "0"), value.strip().replace("Z", "+00:00"))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


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
