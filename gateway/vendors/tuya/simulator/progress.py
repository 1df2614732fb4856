"""How the devices of a job move on, computed from the clock when somebody looks.

Devices are notified one after the other, in order of place, and each takes the same time. So at any moment the places
fall into runs of equal status, and counting or paging two hundred thousand devices costs no more than six. Times are
simulated seconds. Devices that somebody touched leave the wave and are kept apart, in `jobs`.
"""

from dataclasses import dataclass
from math import inf

LEAD = 3.0
"""Before the first device is notified."""
NOTICE = 5.0
"""From the notice to the start of the upgrade."""
WORK = 20.0
"""What the upgrade takes."""
LONGEST_WAVE = 600.0
"""Between the first notice and the last."""

CONFIRM = "CONFIRM"
QUEUED = "QUEUED"
NOTIFIED = "NOTIFIED"
IN_PROGRESS = "IN_PROGRESS"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
CANCELED = "CANCELED"
STATUSES = (CONFIRM, QUEUED, NOTIFIED, IN_PROGRESS, SUCCEEDED, FAILED, CANCELED)
UNFINISHED = frozenset({CONFIRM, QUEUED, NOTIFIED, IN_PROGRESS})
CANCELABLE = frozenset({CONFIRM, QUEUED, NOTIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The run through `count` devices. Of every `fail_every` the one at `fail_phase` fails (0: none fails)."""

    count: int
    fail_every: int = 0
    fail_phase: int = 0

    @property
    def stagger(self) -> float:
        """Between two devices' notices."""
        return min(2.0, LONGEST_WAVE / max(self.count, 1))

    def fails(self, place: int) -> bool:
        """Whether the device at a place fails."""
        return self.fail_every > 0 and place % self.fail_every == self.fail_phase

    def status(self, place: int, elapsed: float) -> str:
        """The status of the device at a place."""
        own = elapsed - place * self.stagger - LEAD
        if own < 0:
            return QUEUED
        if own < NOTICE:
            return NOTIFIED
        if own < NOTICE + WORK:
            return IN_PROGRESS
        return FAILED if self.fails(place) else SUCCEEDED

    def reached(self, place: int, status: str) -> float:
        """When the device at a place comes to a status."""
        after = {QUEUED: -LEAD, NOTIFIED: 0.0, IN_PROGRESS: NOTICE}.get(status, NOTICE + WORK)
        return max(0.0, LEAD + place * self.stagger + after)

    def spans(self, elapsed: float) -> dict[str, range]:
        """Where devices of a status are to be looked for; SUCCEEDED and FAILED share a span."""
        notified = self._past(elapsed - LEAD)
        begun = self._past(elapsed - LEAD - NOTICE)
        done = self._past(elapsed - LEAD - NOTICE - WORK)
        return {
            QUEUED: range(notified, self.count),
            NOTIFIED: range(begun, notified),
            IN_PROGRESS: range(done, begun),
            SUCCEEDED: range(done),
            FAILED: range(done),
        }

    def counts(self, elapsed: float, within: range) -> dict[str, int]:
        """How many devices among these places are in each status."""
        counts = dict.fromkeys(STATUSES, 0)
        for status, span in self.spans(elapsed).items():
            low, high = max(span.start, within.start), min(span.stop, within.stop)
            if low < high:
                counts[status] = high - low
                if status == FAILED:
                    counts[FAILED] = self._failures_before(high) - self._failures_before(low)
                    counts[SUCCEEDED] -= counts[FAILED]
        return counts

    def _past(self, seconds: float) -> int:
        if seconds < 0:
            return 0
        if seconds == inf:
            return self.count
        reached = min(self.count, int(seconds / self.stagger) + 1)
        # Division may land a hair beside the product that `status` compares with.
        while reached > 0 and (reached - 1) * self.stagger > seconds:
            reached -= 1
        while reached < self.count and reached * self.stagger <= seconds:
            reached += 1
        return reached

    def _failures_before(self, place: int) -> int:
        if self.fail_every == 0:
            return 0
        return max(0, (place - self.fail_phase + self.fail_every - 1) // self.fail_every)
