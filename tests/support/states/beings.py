"""Beings: all objects that ever stood at a simulated vendor, told apart by their births and never by an id.

A fleet is watched: each time the vendor carries out a write, what stands there is compared before and after, and every
difference is a touch, with the change of the gateway that made the call, if it was one.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

CHANGE: ContextVar[int | None] = ContextVar("change", default=None)
"""The number of the change that is being carried out; what it starts inherits it."""

TASK, EXECUTION, PACKAGE = "task", "execution", "package"
_CANCELED = frozenset({"CANCELED", "Stopped", "Stopping"})


class VendorClock:
    """The vendor's time: a little later at each call, much later when it is told so, and no other way.

    It tells whole milliseconds and never a whole second, whose reading cannot be told from one of a coarser clock: see
    `same_generation` for how those are compared, and docs/adr/0002 for what that leaves open.
    """

    def __init__(self) -> None:
        self._moment = datetime.now(UTC).replace(microsecond=137_000)

    def __call__(self) -> datetime:
        return self._moment

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self._moment += timedelta(seconds=seconds)
        if self._moment.microsecond == 0:
            self._moment += timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands at a place: what callers are shown of it that tells it apart, its state, and what it belongs to."""

    kind: str
    shown: tuple[Hashable, ...]
    state: tuple[Hashable, ...]
    within: tuple[Hashable, ...] = ()
    going: bool = False

    @property
    def canceled(self) -> bool:
        """Whether it has been cancelled, or is being."""
        return self.state[0] in _CANCELED


@dataclass(frozen=True, slots=True, eq=False)
class Being:
    """One object from its birth to its end; `number` counts births, `within` is what it belongs to."""

    number: int
    kind: str
    place: Hashable
    shown: tuple[Hashable, ...]
    within: tuple["Being", ...]

    def __repr__(self) -> str:
        return f"{self.kind} {self.number} {self.shown}"


@dataclass(frozen=True, slots=True)
class Touch:
    """A being that a write of the vendor's API changed or ended, and the number of the change that did it."""

    being: Being
    before: Standing
    after: Standing | None
    operation: str
    by: int | None

    @property
    def ended(self) -> bool:
        """Whether it deleted it."""
        return self.after is None or (self.after.going and not self.before.going)


@dataclass(slots=True)
class _Object:
    number: int
    value: object = field(repr=False)


class WatchedFleet(ABC):
    """A simulated vendor that is watched. One per vendor, in its folder of tests, as `Watched`.

    `writes` are the vendor's operations that change something, `task_writes` those among them that are about whole
    tasks: what others do to executions may move the state that is shown of their task, and is no change of it. A fleet
    is `numbered` when ids are used again, so that callers go by times of creation as well.
    """

    writes: ClassVar[frozenset[str]]
    task_writes: ClassVar[frozenset[str]]
    numbered: ClassVar[bool] = False

    def __init__(self, simulator: Any, clock: VendorClock) -> None:
        self.simulator = simulator
        self.clock = clock
        self.touches: list[Touch] = []
        self.written: list[tuple[str, int | None]] = []
        self.shown: dict[tuple[Hashable, ...], Being] = {}
        self._born = 0
        self._beings: dict[Hashable, Being] = {}
        self._objects: dict[int, _Object] = {}
        answer = simulator.answer

        def watched(operation: str, request: Any, fault: Any) -> Any:
            if operation not in self.writes:
                return answer(operation, request, fault)
            self.written.append((operation, CHANGE.get()))
            with self._witnessing(operation):
                reply = answer(operation, request, fault)
                if reply.status < 300:
                    self.carried_out(operation, request)
            return reply

        simulator.answer = watched
        self.settle()

    @abstractmethod
    def standing(self) -> dict[Hashable, Standing]:
        """Everything that stands there now, by place. A place is never given again to another object."""

    @abstractmethod
    def deed(self, what: str, pick: int) -> None:
        """Somebody else, or a device, does something at the vendor; nothing where it cannot be done."""

    @abstractmethod
    def new_task(self, pick: int) -> dict[str, Any] | None:
        """The input of createOtaTask beside its backend."""

    def carried_out(self, operation: str, request: Any) -> None:  # noqa: B027 - most vendors have nothing to say
        """A write was carried out: a vendor that reuses places tells here which have a new object now."""

    def now(self) -> float:
        """The vendor's time, in epoch seconds."""
        return self.clock().timestamp()

    def number_of(self, value: object) -> int:
        """A number for an object of the simulator that no other will ever have."""
        known = self._objects.get(id(value))
        if known is None:
            known = self._objects[id(value)] = _Object(len(self._objects), value)
        return known.number

    def at(self, being: Being) -> Standing | None:
        """What is left of a being now."""
        return self.standing().get(being.place)

    def beings(self) -> list[Being]:
        """What stands there now, in the order of birth."""
        return list(self._beings.values())

    def settle(self) -> None:
        """Take in what time and others have changed."""
        self._register(self.standing())

    @contextmanager
    def _witnessing(self, operation: str) -> Iterator[None]:
        before = self.standing()
        self._register(before)
        known = dict(self._beings)
        yield
        after = self.standing()
        for place, stood in before.items():
            left = after.get(place)
            changed = left is None or left.state != stood.state or left.going != stood.going
            if changed and (stood.kind != TASK or operation in self.task_writes):
                self.touches.append(Touch(known[place], stood, left, operation, CHANGE.get()))
        self._register(after)

    def _register(self, standing: dict[Hashable, Standing]) -> None:
        for place in [place for place in self._beings if place not in standing]:
            del self._beings[place]
        for place, stands in standing.items():
            if place in self._beings:
                continue
            self._born += 1
            within = tuple(self._beings[one] for one in stands.within)
            being = self._beings[place] = Being(self._born, stands.kind, place, stands.shown, within)
            assert (stands.kind, *stands.shown) not in self.shown, f"{being} cannot be told from another by anybody"
            self.shown[stands.kind, *stands.shown] = being


def milliseconds(moment: float) -> int:
    """A moment as the vendors print it."""
    return round(moment * 1000)
