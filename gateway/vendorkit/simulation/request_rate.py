"""RequestRate: so many requests per second for each operation, as vendors count them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class RequestRate:
    """A token bucket per operation, holding one second's worth, on the simulator's own clock."""

    per_second: float
    now: Callable[[], datetime]
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, operation: str) -> bool:
        """Take one request from the operation's bucket; False when it is empty."""
        now = self.now().timestamp()
        left, seen = self._left.get(operation, (self.per_second, now))
        left = min(self.per_second, left + max(0.0, now - seen) * self.per_second)
        allowed = left >= 1.0
        self._left[operation] = (left - 1.0 if allowed else left, now)
        return allowed
