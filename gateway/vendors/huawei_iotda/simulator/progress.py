"""How the devices of a task move on, computed from the clock when somebody looks.

Devices start one after the other, in order of place, and each takes the same time. So at any moment the places fall
into runs of equal status, and counting or paging thirty thousand devices costs no more than six. Times are simulated
seconds. A device that somebody touched (stopped, retried, set) leaves the wave and is kept apart, in `tasks`.
"""

from dataclasses import dataclass
from math import inf

LEAD = 3.0
"""Before the first device starts."""
WORK = 20.0
"""What a device needs."""
LONGEST_WAVE = 600.0
"""Between the first start and the last."""

WAITING = "Waitting"
PROCESSING = "Processing"
RETRY_PENDING = "FailWaitRetry"
SUCCESS = "Success"
FAIL = "Fail"
STOPPED = "Stopped"
REMOVED = "Removed"
LIVE = frozenset({WAITING, PROCESSING, RETRY_PENDING})
STATUSES = (WAITING, PROCESSING, RETRY_PENDING, SUCCESS, FAIL, STOPPED, REMOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The run through `count` devices. Of every `fail_every` devices the one at `fail_phase` fails (0: none fails); it
    waits `retry_seconds` for automatic retries, which fail too, before it is Fail for good.
    """

    count: int
    fail_every: int = 0
    fail_phase: int = 0
    retry_seconds: float = 0.0

    def started(self, elapsed: float) -> int:
        """How many have left Waitting."""
        if elapsed < LEAD:
            return 0
        stagger = min(2.0, LONGEST_WAVE / max(self.count, 1))
        return self.count if elapsed == inf else min(self.count, int((elapsed - LEAD) / stagger) + 1)

    def finished(self, elapsed: float) -> int:
        """How many have had their first attempt."""
        return self.started(elapsed - WORK)

    def given_up(self, elapsed: float) -> int:
        """Up to where a failure is final."""
        return self.started(elapsed - WORK - self.retry_seconds)

    def fails(self, place: int) -> bool:
        """Whether the device at a place fails."""
        return self.fail_every > 0 and place % self.fail_every == self.fail_phase

    def failures_before(self, place: int) -> int:
        """How many of the places below this one fail."""
        if self.fail_every == 0:
            return 0
        return max(0, (place - self.fail_phase + self.fail_every - 1) // self.fail_every)

    def status(self, place: int, elapsed: float) -> str:
        """The status of the device at a place."""
        if place >= self.started(elapsed):
            return WAITING
        if place >= self.finished(elapsed):
            return PROCESSING
        if not self.fails(place):
            return SUCCESS
        return FAIL if place < self.given_up(elapsed) else RETRY_PENDING

    def counts(self, elapsed: float) -> dict[str, int]:
        """How many devices are in each status."""
        started, finished, given_up = self.started(elapsed), self.finished(elapsed), self.given_up(elapsed)
        final = self.failures_before(given_up)
        pending = self.failures_before(finished) - final
        counts = dict.fromkeys(STATUSES, 0)
        counts[WAITING] = self.count - started
        counts[PROCESSING] = started - finished
        counts[RETRY_PENDING] = pending
        counts[FAIL] = final
        counts[SUCCESS] = finished - final - pending
        return counts

    def places(self, status: str, elapsed: float) -> range:
        """Where devices of a status are to be looked for."""
        started, finished, given_up = self.started(elapsed), self.finished(elapsed), self.given_up(elapsed)
        return {
            WAITING: range(started, self.count),
            PROCESSING: range(finished, started),
            RETRY_PENDING: range(given_up, finished),
            SUCCESS: range(finished),
            FAIL: range(given_up),
        }.get(status, range(0))
