"""BatchTask: an upgrade task with its devices, and what stop, retry and confirm do to it.

Source: the texts of StopBatchTask, RetryBatchTask, ConfirmBatchTask and DeleteBatchTask. Times are epoch seconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain

from gateway.vendorkit.simulation.device_names import Devices
from gateway.vendors.huawei_iotda.simulator.progress import (
    FAIL,
    LEAD,
    LIVE,
    PROCESSING,
    REMOVED,
    RETRY_PENDING,
    STATUSES,
    STOPPED,
    SUCCESS,
    WAITING,
    WORK,
    Wave,
)
from gateway.vendors.huawei_iotda.simulator.refusals import STAND_IN, TARGET_FAILED, Refused

STOPPABLE = frozenset({"Initializing", "Waitting", "Processing"})
RETRYABLE = frozenset({"Processing", "PartialSuccess", "Fail"})
CONFIRMABLE = frozenset({"Initializing", "Waitting", "Processing"})
DELETABLE = frozenset({"Success", "Fail", "PartialSuccess", "Stopped"})
TASK_STATUSES = DELETABLE | STOPPABLE | {"Stopping"}
INITIALIZING_SECONDS = 1.0
"""Simulated seconds for which a task made under `starts_initializing` says so."""

FAILURE_TEXTS = (
    "Waiting for the device online timeout",
    "Integrity check failure for new downloaded package",
    "Connection lost during downloading process",
    "Waiting for report device firmware version timeout",
    "Not enough storage for the new firmware package",
    "Firmware update failed",
)
"""Texts that the vendor's FAQ on upgrade errors documents."""


@dataclass(slots=True)
class Own:
    """A device that left the wave: `held` in a status, or on its own way since `since`."""

    held: str | None
    since: float

    def status(self, now: float, speed: float) -> str:
        """Where it is. A retried or singly confirmed device succeeds."""
        if self.held is not None:
            return self.held
        elapsed = (now - self.since) * speed
        if elapsed < LEAD:
            return WAITING
        return PROCESSING if elapsed < LEAD + WORK else SUCCESS


@dataclass(slots=True, kw_only=True, eq=False)
class BatchTask:
    """One task. The wave is at `head` simulated seconds, and from `begun` on, if set, it runs with `speed`."""

    record: int
    task_id: str
    name: str
    task_type: str
    app_id: str
    package_ids: list[str]
    devices: Devices
    wave: Wave
    created: float
    speed: float
    head: float = 0.0
    begun: float | None = None
    need_confirm: bool = False
    targets_listed: bool = True
    group_ids: list[str] | None = None
    policy: dict[str, object] | None = None
    ext_info: object = None
    mode: str | None = None
    starts_initializing: bool = False
    halted: float | None = None
    halt_seconds: float = 0.0
    own: dict[int, Own] = field(default_factory=dict)

    # ------------------------------------------------------------------ reading

    def status_of(self, place: int, now: float) -> str:
        """The status of the device at a place."""
        own = self.own.get(place)
        seen = self._seen_at(now)
        status = own.status(seen, self.speed) if own else self.wave.status(place, self._elapsed(seen))
        return STOPPED if status in LIVE and self._is_stopped(now) else status

    def counts(self, now: float) -> dict[str, int]:
        """How many devices are in each status."""
        seen = self._seen_at(now)
        elapsed = self._elapsed(seen)
        counts = self.wave.counts(elapsed)
        for place, own in self.own.items():
            counts[self.wave.status(place, elapsed)] -= 1
            counts[own.status(seen, self.speed)] += 1
        if self._is_stopped(now):
            for status in LIVE:
                counts[STOPPED] += counts[status]
                counts[status] = 0
        return counts

    def status(self, now: float) -> str:
        """The task's own status."""
        if self.halted is not None:
            return "Stopped" if self._is_stopped(now) else "Stopping"
        counts = self.counts(now)
        if counts[WAITING] + counts[PROCESSING] + counts[RETRY_PENDING] > 0:
            begun = counts[WAITING] < len(self.devices)
            young = self.starts_initializing and (now - self.created) * self.speed < INITIALIZING_SECONDS
            return "Processing" if begun else "Initializing" if young else "Waitting"
        if counts[SUCCESS] == 0:
            return "Stopped" if counts[STOPPED] and not counts[FAIL] else "Fail"
        return "Success" if counts[SUCCESS] + counts[REMOVED] == len(self.devices) else "PartialSuccess"

    def places(self, status: str | None, below: int, now: float) -> Iterator[int]:
        """Places under `below` whose device is in a status (None: any), highest first."""
        if status is None:
            yield from range(min(below, len(self.devices)) - 1, -1, -1)
            return
        elapsed = self._elapsed(self._seen_at(now))
        spans = [self.wave.places(status, elapsed)]
        if status == STOPPED and self._is_stopped(now):
            spans = [self.wave.places(live, elapsed) for live in (WAITING, PROCESSING, RETRY_PENDING)]
        wanted = [reversed(range(span.start, min(span.stop, below))) for span in spans]
        apart = sorted((p for p in self.own if p < below and not any(p in span for span in spans)), reverse=True)
        for place in merge(apart, *wanted, reverse=True):
            if self.status_of(place, now) == status:
                yield place

    def failure_text(self, place: int) -> str:
        """Why the device at a place failed."""
        return FAILURE_TEXTS[(place + (self.record >> 24)) % len(FAILURE_TEXTS)]

    # ------------------------------------------------------------------ changing

    def stop(self, names: list[str] | None, now: float) -> list[dict[str, str]]:
        """Stop the named devices at once, or the whole task by way of Stopping. Raises Refused in any other state."""
        self._require(STOPPABLE, "stopped", now)
        if names is not None:
            return [self._stop_one(name, now) for name in names]
        results = self._done(chain.from_iterable(self.places(status, 1 << 24, now) for status in LIVE))
        self.halted = now
        return results

    def retry(self, names: list[str] | None, now: float) -> list[dict[str, str]]:
        """Run devices again that failed, wait for an automatic retry, or were stopped."""
        self._require(RETRYABLE, "retried", now)
        again = (FAIL, STOPPED, RETRY_PENDING)
        if names is not None:
            return [self._send_off(name, again, now) for name in names]
        places = sorted(chain.from_iterable(self.places(status, 1 << 24, now) for status in again))
        self.own.update((place, Own(None, now)) for place in places)
        return self._done(places)

    def confirm(self, names: list[str] | None, now: float) -> list[dict[str, str]]:
        """Let devices go on that wait for a confirmation."""
        self._require(CONFIRMABLE, "confirmed", now)
        unconfirmed = self.need_confirm and self.begun is None
        if names is not None:
            return [self._send_off(name, (WAITING,) if unconfirmed else (), now) for name in names]
        if not unconfirmed:
            return []
        places = sorted(self.places(WAITING, 1 << 24, now))
        self.begun, self.head = now, 0.0
        return self._done(places)

    def hold(self, name: str, status: str, now: float) -> None:
        """Put a device into a status and keep it there. Raises KeyError for a device or a status that is not known."""
        place = self.devices.place(name)
        if place is None or status not in STATUSES:
            raise KeyError(name if place is None else status)
        self.own[place] = Own(status, now)

    def _elapsed(self, seen: float) -> float:
        return self.head if self.begun is None else self.head + (seen - self.begun) * self.speed

    def _seen_at(self, now: float) -> float:
        return now if self.halted is None else min(now, self.halted)

    def _is_stopped(self, now: float) -> bool:
        return self.halted is not None and now >= self.halted + self.halt_seconds

    def _require(self, allowed: frozenset[str], verb: str, now: float) -> None:
        status = self.status(now)
        if status not in allowed:
            raise Refused(400, STAND_IN["task_state"], f"A batch task in status {status} cannot be {verb}.")

    def _stop_one(self, name: str, now: float) -> dict[str, str]:
        place = self.devices.place(name)
        if place is None or self.status_of(place, now) not in LIVE:
            return _failed(name)
        self.own[place] = Own(STOPPED, now)
        return {"target": name, "status": "success"}

    def _send_off(self, name: str, allowed: tuple[str, ...], now: float) -> dict[str, str]:
        place = self.devices.place(name)
        if place is None or self.status_of(place, now) not in allowed:
            return _failed(name)
        self.own[place] = Own(None, now)
        return {"target": name, "status": "success"}

    def _done(self, places: Iterable[int]) -> list[dict[str, str]]:
        return [{"target": self.devices.name(place), "status": "success"} for place in places]


def _failed(name: str) -> dict[str, str]:
    # The vendor's text for this code could not be read.
    text = "The operation is not allowed for the target."
    return {"target": name, "status": "failure", "error_code": TARGET_FAILED, "error_msg": text}
