"""Rollout: the executions of one AWS job, one per thing, kept compactly.

Untouched executions are computed from the plan and the clock when they are read. Only those that somebody changed are
stored, so that a job over 200,000 things is created at once and a page of it costs a page.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.vendorkit.simulation.device_course import FINAL_STATUSES, NEVER, STEPS, Course, Plan

_FIRST_LOOK = 16


class Things(Protocol):
    """The things of a rollout, by place."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def name(self, place: int) -> str:
        """The thing at a place."""
        ...

    def place(self, name: str) -> int | None:
        """Where a thing stands, or None when it is not one of them."""
        ...


class NamedThings:
    """Things given by name."""

    def __init__(self, names: list[str]) -> None:
        self._names = list(dict.fromkeys(names))
        self._places = {name: place for place, name in enumerate(self._names)}

    def __len__(self) -> int:
        return len(self._names)

    def name(self, place: int) -> str:
        """The thing at a place."""
        return self._names[place]

    def place(self, name: str) -> int | None:
        """Where a thing stands."""
        return self._places.get(name)


@dataclass(frozen=True, slots=True)
class NumberedFleet:
    """A seeded fleet of `size` things whose names follow from their numbers."""

    size: int
    name_of: Callable[[int], str]
    number_of: Callable[[str], int | None]

    def has(self, name: str) -> bool:
        """Whether that is the name of one of them."""
        number = self.number_of(name)
        return number is not None and number < self.size and self.name_of(number) == name


@dataclass(frozen=True, slots=True)
class FleetSlice:
    """`count` things of a fleet from `start` on, going round at its end."""

    fleet: NumberedFleet
    start: int
    count: int

    def __len__(self) -> int:
        return self.count

    def name(self, place: int) -> str:
        """The thing at a place."""
        return self.fleet.name_of((self.start + place) % self.fleet.size)

    def place(self, name: str) -> int | None:
        """Where a thing stands."""
        number = self.fleet.number_of(name)
        if number is None or not self.fleet.has(name):
            return None
        place = (number - self.start) % self.fleet.size
        return place if place < self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution at a moment. `version` rises with each change, from 1 while queued. Times are epoch seconds."""

    status: str
    queued_at: float
    updated_at: float
    started_at: float | None = None
    number: int = 1
    version: int = 1
    retry: int = 0
    force_canceled: bool = False
    details: dict[str, str] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in FINAL_STATUSES


class Rollout:
    """The executions, and the cancellations that have been ordered for all of them."""

    def __init__(self, things: Things, plan: Plan) -> None:
        self.things = things
        self._plan = plan
        self._touched: dict[int, Execution | None] = {}
        self._cuts: list[tuple[float, bool]] = []
        self._timeline: _Timeline | None = None

    def execution(self, place: int, now: float) -> Execution | None:
        """The execution at a place, or None when it was deleted."""
        if place in self._touched:
            return self._cut_down(self._touched[place], now)
        return _seen(self._course(place), now)

    def of_thing(self, name: str, now: float) -> tuple[int, Execution] | None:
        """A thing's place and execution, or None when it has none."""
        place = self.things.place(name)
        if place is None:
            return None
        execution = self.execution(place, now)
        return None if execution is None else (place, execution)

    def walk(self, start: int, now: float) -> Iterator[tuple[int, Execution]]:
        """Executions from a place on, in the order of places."""
        for place in range(start, len(self.things)):
            execution = self.execution(place, now)
            if execution is not None:
                yield place, execution

    def put(self, place: int, execution: Execution | None) -> None:
        """Make an execution stand as it is from now on; None deletes it."""
        self._touched[place] = execution

    def cancel(self, at: float, *, force: bool) -> None:
        """Cancel, at that moment, what is queued then; with `force` what is in progress too."""
        self._cuts.append((at, force))
        self._timeline = None

    def counts(self, now: float) -> Counter[str]:
        """How many executions stand in each status."""
        counts = self._line().counts(now)
        for place, kept in self._touched.items():
            counts[self._course(place).status(now)] -= 1
            if (execution := self._cut_down(kept, now)) is not None:
                counts[execution.status] += 1
        return counts

    def settles_at(self) -> float:
        """When the last execution ends, as things stand; `NEVER` while one stands still; -inf when there is none."""
        if self._stands_still():
            return NEVER
        ends = [self._line().last_end(self._touched.keys())]
        for kept in filter(None, self._touched.values()):
            done = self._cut_down(kept, NEVER)
            ends.append(done.updated_at if done is not None and done.final else NEVER)
        return max(ends)

    def _stands_still(self) -> bool:
        # A fleet that is parked shows it at its first devices; to look at a million takes seconds.
        first = range(min(len(self.things), _FIRST_LOOK))
        return any(self._course(place).ended_at == NEVER for place in first if place not in self._touched)

    def _line(self) -> "_Timeline":
        if self._timeline is None:
            self._timeline = _Timeline([self._course(place) for place in range(len(self.things))])
        return self._timeline

    def _course(self, place: int) -> Course:
        course = self._plan(place)
        for at, force in self._cuts:
            if course.started_at > at and course.ended_at > at:
                course = Course(course.queued_at, at, at, "CANCELED")
            elif force and course.ended_at > at:
                course = Course(course.queued_at, course.started_at, at, "CANCELED")
        return course

    def _cut_down(self, kept: Execution | None, now: float) -> Execution | None:
        for at, force in self._cuts:
            if kept is None or not kept.updated_at <= at <= now:
                continue
            if kept.status == "QUEUED" or (force and kept.status == "IN_PROGRESS"):
                kept = canceled(kept, at)
        return kept


def canceled(execution: Execution, at: float) -> Execution:
    """The same execution, canceled by the service at that moment."""
    forced = execution.status == "IN_PROGRESS"
    return replace(execution, status="CANCELED", updated_at=at, version=execution.version + 1, force_canceled=forced)


class _Timeline:
    """Starts and ends of a rollout's courses, sorted, so that statuses are counted by bisection."""

    def __init__(self, courses: list[Course]) -> None:
        self._size = len(courses)
        self._starts = array("d", sorted(min(course.started_at, course.ended_at) for course in courses))
        ends: dict[str, list[float]] = {}
        for course in courses:
            ends.setdefault(course.final, []).append(course.ended_at)
        self._ends = {final: array("d", sorted(moments)) for final, moments in ends.items()}
        by_end = sorted(range(self._size), key=lambda place: courses[place].ended_at)
        self._by_end = array("l", by_end)
        self._end_of = array("d", (course.ended_at for course in courses))

    def counts(self, now: float) -> Counter[str]:
        started = bisect_right(self._starts, now)
        counts = Counter({final: bisect_right(moments, now) for final, moments in self._ends.items()})
        ended = counts.total()
        counts["QUEUED"] = self._size - started
        counts["IN_PROGRESS"] = started - ended
        return counts

    def last_end(self, without: Container[int]) -> float:
        for place in reversed(self._by_end):
            if place not in without:
                return self._end_of[place]
        return -NEVER


def _seen(course: Course, now: float) -> Execution:
    status = course.status(now)
    if status == "QUEUED":
        return Execution(status=status, queued_at=course.queued_at, updated_at=course.queued_at)
    if status == "IN_PROGRESS":
        took = course.ended_at - course.started_at
        step = 2 if took == NEVER else int((now - course.started_at) / took * len(STEPS))
        moved = 0.0 if took == NEVER else step * took / len(STEPS)
        return Execution(
            status=status, queued_at=course.queued_at, started_at=course.started_at, version=2 + step,
            updated_at=course.started_at + moved,
            details={"step": STEPS[step], "percent": str(100 * step // len(STEPS))},
        )  # fmt: skip
    begun = course.begun()
    return Execution(
        status=status, queued_at=course.queued_at, started_at=course.started_at if begun else None,
        updated_at=course.ended_at, version=2 + len(STEPS) if begun else 2,
        force_canceled=begun and status == "CANCELED", details=_LAST_WORDS.get(status, {}),
    )  # fmt: skip


_LAST_WORDS = {
    "SUCCEEDED": {"step": "done", "percent": "100"},
    "FAILED": {"step": "verify", "percent": "40", "reason": "checksum mismatch"},
    "REJECTED": {"reason": "battery low"},
}
