"""The call budget of a vendor account: a token bucket. Who waits for it, and in which order, is `line.py`'s."""

import asyncio
from collections.abc import Callable
from time import monotonic

from gateway.domain.errors import Throttled

# A vendor that asks to be left alone for longer is asked again then: what it meant may be over.
_LONGEST_HOLD = 30.0
# Tokens that are a rounding away from a whole one.
_NEARLY = 1e-9


class OverBudget(Throttled):
    """Our own budget, or the pause that the vendor asked for, leaves this call no turn in time. Nothing was sent."""


class CallBudget:
    """`calls_per_second` may be a fraction; up to one second's worth may go at once. `now` gives seconds."""

    def __init__(self, calls_per_second: float, now: Callable[[], float] = monotonic) -> None:
        self._rate = calls_per_second
        self._most = max(calls_per_second, 1.0)
        self._now = now
        self._tokens = self._most
        self._at = now()

    def at_once(self) -> bool:
        """Take one call if it fits this moment."""
        if self._filled() < 1 - _NEARLY:
            return False
        self._tokens -= 1
        return True

    async def obtain(self, wanted: int) -> int:
        """Wait until a call fits, and take as many as fit then, `wanted` at most. Gives how many."""
        while True:
            wait = self._seconds_until(1)
            if wait <= 0:
                given = min(wanted, max(1, int(self._filled() + _NEARLY)))
                self._tokens -= given
                return given
            await asyncio.sleep(wait)

    def give_back(self, calls: int) -> None:
        """Calls that were taken are not made."""
        self._tokens = min(self._most, self._tokens + calls)

    def charge(self, calls: int) -> None:
        """Calls were made that had not been taken: the next ones wait for them."""
        self._filled()
        self._tokens -= calls

    def seconds_until(self, place: int) -> float:
        """How long until the call at that place of the line fits, as far as is known; 0 for this moment."""
        return self._seconds_until(place)

    @property
    def held(self) -> float:
        """For how many seconds nobody may call, because the vendor asked for it."""
        return max(0.0, self._at - self._now())

    def hold(self, seconds: float) -> None:
        """The vendor asked to be left alone that long: the account is throttled, not the one call. 30 s at most."""
        self._filled()
        self._at = max(self._at, self._now() + min(seconds, _LONGEST_HOLD))
        # A whole second's worth at the end of the pause would end in the next one.
        self._tokens = min(self._tokens, 0.0)

    def _seconds_until(self, place: int) -> float:
        missing = place - self._filled() - _NEARLY
        return self.held + missing / self._rate if missing > 0 else self.held

    def _filled(self) -> float:
        # While held, the moment of the last filling lies ahead.
        passed = self._now() - self._at
        if passed > 0:
            self._tokens = min(self._most, self._tokens + passed * self._rate)
            self._at += passed
        return self._tokens
