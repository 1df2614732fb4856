"""Leaving: the process was told to end, and until when everything has to be over."""

from math import inf
from time import monotonic

# Of the whole, what is kept for closing backends, Redis and the ledger.
_CLOSING = 0.1


class Leaving:
    """One bound for all steps of going down. `seconds` is the whole of it, from the first signal on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = inf
        self.begun = False
        self.hurried = False

    def begin(self) -> None:
        """The process was told to end: nothing new is begun here that could as well begin elsewhere."""
        self.begun = True
        self._until = monotonic() + self._seconds * (1 - _CLOSING)

    def hurry(self, seconds: float) -> None:
        """It was told again: nobody waits for reads any more, and changes have at most these seconds."""
        self.hurried = True
        self._until = min(self._until, monotonic() + seconds)

    def left(self) -> float:
        """The seconds that what is under way still has; all of them while nobody told the process to end."""
        return min(max(0.0, self._until - monotonic()), self._seconds)

    def left_to_close(self) -> float:
        """The seconds until the process has to be gone."""
        return self.left() + self._seconds * _CLOSING
