"""Job: a batch with its device tasks, and what cancel and confirm do to them. Times are epoch seconds.

Source: Tuya's pages of CancelOTATaskByJob, CancelOTATaskByDevice and ConfirmOTATask. A task that is IN_PROGRESS cannot
be cancelled. That a job whose tasks were all cancelled shows CANCELED is an inference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge

from gateway.vendorkit.simulation.device_names import Devices
from gateway.vendors.tuya.simulator.progress import (
    CANCELABLE,
    CANCELED,
    CONFIRM,
    FAILED,
    IN_PROGRESS,
    LEAD,
    NOTICE,
    NOTIFIED,
    QUEUED,
    STATUSES,
    SUCCEEDED,
    UNFINISHED,
    WORK,
    Wave,
)

FAILURE_TEXTS = ("The task times out.", "The device reported that the upgrade failed.")
"""The vendor says that TaskDesc carries the error text, and gives none; the first is worded after Alibaba's."""
CANCEL_TEXT = "The task was canceled."


@dataclass(slots=True)
class Own:
    """A device that left the wave: `held` in a status, or on its own way since `since`."""

    held: str | None
    since: float

    def status(self, now: float, speed: float) -> str:
        """Where it is. A singly confirmed device succeeds."""
        if self.held is not None:
            return self.held
        elapsed = (now - self.since) * speed - LEAD
        if elapsed < 0:
            return QUEUED
        return NOTIFIED if elapsed < NOTICE else IN_PROGRESS if elapsed < NOTICE + WORK else SUCCEEDED


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One job. The wave is at `head` simulated seconds, and from `begun` on, if set, it runs with `speed`."""

    number: int
    firmware_id: str
    product_key: str
    devices: Devices
    wave: Wave
    created: float
    speed: float
    target_selection: str = "SPECIFIC"
    head: float = 0.0
    begun: float | None = None
    need_confirm: bool = False
    need_push: bool = True
    src_versions: list[str] = field(default_factory=list)
    gray_percent: str | None = None
    retry_count: int | None = None
    retry_interval: int | None = None
    timeout: int | None = None
    modified: float = 0.0
    own: dict[int, Own] = field(default_factory=dict)
    canceled: list[tuple[range, float]] = field(default_factory=list)

    # ------------------------------------------------------------------ reading

    def status_of(self, place: int, now: float) -> str:
        """The status of the device at a place."""
        own = self.own.get(place)
        return own.status(now, self.speed) if own else self._in_wave(place, now)

    def counts(self, now: float) -> dict[str, int]:
        """How many devices are in each status."""
        counts = self._wave_counts(range(len(self.devices)), now)
        for span, _ in self.canceled:
            for status, count in self._wave_counts(span, now).items():
                counts[status] -= count
            counts[CANCELED] += len(span)
        for place, own in self.own.items():
            counts[self._in_wave(place, now)] -= 1
            counts[own.status(now, self.speed)] += 1
        return counts

    def status(self, now: float) -> str:
        """The job's own status."""
        counts = self.counts(now)
        if any(counts[status] for status in UNFINISHED):
            return "PLANNED" if self.begun is not None and now < self.begun else "IN_PROGRESS"
        return "CANCELED" if self.wave.count and counts[CANCELED] == len(self.devices) else "COMPLETED"

    def places(self, status: str | None, now: float) -> Iterator[int]:
        """Places whose device is in a status (None: any), in order."""
        if status is None:
            yield from range(len(self.devices))
            return
        spans = [span for span, _ in self.canceled] if status == CANCELED else [self._span(status, now)]
        apart = sorted(place for place in self.own if not any(place in span for span in spans))
        for place in merge(apart, *spans):
            if self.status_of(place, now) == status:
                yield place

    def changed_at(self, place: int, now: float) -> float:
        """When the device at a place came to its status, as near as the wave tells."""
        own = self.own.get(place)
        if own is not None:
            after = {NOTIFIED: LEAD, IN_PROGRESS: LEAD + NOTICE, SUCCEEDED: LEAD + NOTICE + WORK}
            gone = 0.0 if own.held else after.get(own.status(now, self.speed), 0.0)
            return min(now, own.since + (gone / self.speed if self.speed else 0.0))
        for span, moment in self.canceled:
            if place in span:
                return moment
        if self.begun is None or self.speed == 0:
            return self.created
        reached = self.wave.reached(place, self._in_wave(place, now))
        return min(now, max(self.created, self.begun + (reached - self.head) / self.speed))

    def progress_of(self, place: int, now: float) -> str:
        """A percentage without its sign."""
        status = self.status_of(place, now)
        if status == SUCCEEDED:
            return "100"
        if status not in {IN_PROGRESS, FAILED}:
            return "0"
        if status == FAILED or self.speed == 0 or place in self.own or self.begun is None:
            return "50"
        done = (now - self.changed_at(place, now)) * self.speed / WORK
        return str(max(1, min(99, int(100 * done))))

    def description_of(self, place: int, now: float) -> str:
        """The error text of a failed or cancelled device; else empty."""
        status = self.status_of(place, now)
        if status == FAILED:
            return FAILURE_TEXTS[place % len(FAILURE_TEXTS)]
        return CANCEL_TEXT if status == CANCELED else ""

    # ------------------------------------------------------------------ changing

    def cancel(self, statuses: frozenset[str], now: float) -> None:
        """Cancel every device in one of these statuses."""
        for place, own in self.own.items():
            if own.status(now, self.speed) in statuses:
                self.own[place] = Own(CANCELED, now)
        spans = [self._span(status, now) for status in statuses]
        self.canceled += [(span, now) for span in self._uncanceled(spans) if len(span)]
        self.modified = now

    def cancel_one(self, place: int, now: float) -> bool:
        """Cancel one device; False, and nothing done, when its status does not allow it."""
        if self.status_of(place, now) not in CANCELABLE:
            return False
        self.own[place] = Own(CANCELED, now)
        self.modified = now
        return True

    def confirm(self, place: int, now: float) -> None:
        """Let one device go on that waits for a confirmation."""
        self.own[place] = Own(None, now)
        self.modified = now

    def hold(self, name: str, status: str, now: float) -> None:
        """Put a device into a status and keep it there. Raises KeyError for a device or a status that is not known."""
        place = self.devices.place(name)
        if place is None or status not in STATUSES:
            raise KeyError(name if place is None else status)
        self.own[place] = Own(status, now)

    @property
    def _unconfirmed(self) -> bool:
        return self.need_confirm and self.begun is None

    def _elapsed(self, now: float) -> float:
        return self.head if self.begun is None else self.head + (now - self.begun) * self.speed

    def _in_wave(self, place: int, now: float) -> str:
        if any(place in span for span, _ in self.canceled):
            return CANCELED
        return CONFIRM if self._unconfirmed else self.wave.status(place, self._elapsed(now))

    def _wave_counts(self, within: range, now: float) -> dict[str, int]:
        if self._unconfirmed:
            return {**dict.fromkeys(STATUSES, 0), CONFIRM: len(within)}
        return self.wave.counts(self._elapsed(now), within)

    def _span(self, status: str, now: float) -> range:
        if self._unconfirmed:
            return range(len(self.devices) if status == CONFIRM else 0)
        return self.wave.spans(self._elapsed(now)).get(status, range(0))

    def _uncanceled(self, spans: list[range]) -> Iterator[range]:
        for span in spans:
            rest = [span]
            for taken, _ in self.canceled:
                rest = (
                    [
                        piece
                        for part in rest
                        for piece in (
                            range(part.start, max(part.start, min(part.stop, taken.start))),
                            range(min(part.stop, max(part.start, taken.stop)), part.stop),
                        )
                        if len(piece)
                    ]
                    if len(taken)
                    else rest
                )
            yield from rest
