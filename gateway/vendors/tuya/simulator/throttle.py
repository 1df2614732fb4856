"""A bucket of 50 requests a second for the whole account.

The vendor publishes no rate at all; 50 is this simulator's figure.
"""

REQUESTS_PER_SECOND = 50.0


class Bucket:
    """Holds at most one second's worth."""

    def __init__(self) -> None:
        self._level = REQUESTS_PER_SECOND
        self._seen: float | None = None

    def take(self, now: float) -> bool:
        """Whether a request at `now` (epoch seconds) may pass."""
        gone = 0.0 if self._seen is None else max(0.0, now - self._seen)
        self._seen = now
        self._level = min(REQUESTS_PER_SECOND, self._level + gone * REQUESTS_PER_SECOND)
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True
