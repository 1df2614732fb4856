"""What simulated devices do with an update if they are left alone, as a function of time.

A course is worked out from a seed each time it is asked for, so a fleet of any size costs nothing until it
is looked at.
"""

import math
import zlib
from dataclasses import dataclass
from typing import NamedTuple, Protocol

NEVER = math.inf
FINAL_STATUSES = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"})
STEPS = ("download", "download", "verify", "install", "reboot")


class Course(NamedTuple):
    """One device's way: queued, started, ended (epoch seconds, `NEVER` for not at all), and how it ends."""

    queued_at: float
    started_at: float
    ended_at: float
    final: str

    def status(self, now: float) -> str:
        """Where the device stands at that moment."""
        if now >= self.ended_at:
            return self.final
        return "IN_PROGRESS" if now >= self.started_at else "QUEUED"

    def begun(self) -> bool:
        """Whether the device ever started; the service can cancel or remove what no device has touched."""
        return self.started_at < self.ended_at or self.final not in {"CANCELED", "REMOVED"}


class Plan(Protocol):
    """Gives the course of the device at a place of a rollout."""

    def __call__(self, place: int) -> Course:
        """The same course each time it is asked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """Devices that start 5 to 119 simulated seconds after `moves_from` and take 20 to 299 more. Of twenty, about one
    each fails, rejects and times out. `speed` is simulated seconds per second; at 0 they stay queued.
    """

    seed: int
    key: str
    queued_at: float
    moves_from: float
    speed: float

    def __call__(self, place: int) -> Course:
        """The course, drawn from seed, key and place."""
        drawn = zlib.crc32(f"{self.seed}/{self.key}/{place}".encode())
        final = {0: "FAILED", 1: "REJECTED", 2: "TIMED_OUT"}.get((drawn >> 16) % 20, "SUCCEEDED")
        if self.speed <= 0:
            return Course(self.queued_at, NEVER, NEVER, final)
        started = self.moves_from + (5 + drawn % 115) / self.speed
        return Course(self.queued_at, started, started + (20 + (drawn >> 7) % 280) / self.speed, final)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Devices that stay in the statuses of `pattern`, repeated over the places. What they did, they did in the first
    half of the time from `queued_at` to `until`.
    """

    queued_at: float
    until: float
    pattern: tuple[str, ...]

    def __call__(self, place: int) -> Course:
        """The course that has been over, or has stood still, since before `until`."""
        status = self.pattern[place % len(self.pattern)]
        room = max(0.0, self.until - self.queued_at) / 2
        started = self.queued_at + min(room / 4, 30.0 + place % 60)
        if status == "QUEUED":
            return Course(self.queued_at, NEVER, NEVER, "SUCCEEDED")
        if status == "IN_PROGRESS":
            return Course(self.queued_at, started, NEVER, "SUCCEEDED")
        ended = started if status in {"CANCELED", "REMOVED"} else started + min(room / 2, 120.0 + place % 240)
        return Course(self.queued_at, started, ended, status)
