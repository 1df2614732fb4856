"""FewLines: of lines that anybody could have written without end, a few a minute; the others are counted."""

from collections.abc import Callable
from time import monotonic
from typing import Final

_MINUTE: Final = 60.0


class FewLines:
    """At most `a_minute` lines of one kind. What is left out is told with the first line that is written again."""

    def __init__(self, a_minute: int, seconds: Callable[[], float] = monotonic) -> None:
        self._a_minute = a_minute
        self._seconds = seconds
        self._since = float("-inf")
        self._written = 0
        self._left_out = 0

    def next(self) -> dict[str, int] | None:
        """What to add to the line that may be written now; None when it is to be left out."""
        moment = self._seconds()
        if moment - self._since >= _MINUTE:
            self._since = moment
            self._written = 0
        if self._written >= self._a_minute:
            self._left_out += 1
            return None
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        return {"left_out": left_out} if left_out else {}
