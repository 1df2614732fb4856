"""Changes: counts what is changed at a backend, so that nothing read before a change is taken for what stands after.

Also passed on here is what a change left of an object, so that every list that shows it can be put right at once. Both
reach other processes where a shared cache is configured (`gateway.backends.shared`), and theirs come in here.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.domain.ids import Kind, ObjectId


class Left(StrEnum):
    """What a change left: an object as it was read after it, none, one that is being deleted, or nobody knows what."""

    ROW = "row"
    NONE = "none"
    DELETED = "deleted"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What lists should show of a change. `row` goes with ROW, `ref` with NONE and DELETED."""

    left: Left
    row: Any = None
    ref: ObjectId | None = None


UNSEEN = Outcome(Left.UNSEEN)
Listener = Callable[[Outcome], None]


class Changes:
    """Counts beginnings and ends of changes by the list they show in, TASK or PACKAGE.

    A change of a device's part in a task shows in TASK. What was begun under one epoch and ends under another may be
    out of date and is neither joined nor kept. What is kept while `ended` moves on is shown until it is renewed.
    """

    def __init__(self) -> None:
        self._begun: Counter[Kind] = Counter()
        self._ended: Counter[Kind] = Counter()
        self._epoch = 0
        self._listeners: dict[Kind, list[Listener]] = {}
        self._noticing: dict[Kind, list[Listener]] = {}
        self._forgetting: list[Callable[[], None]] = []
        self.pass_on: Callable[[Kind, Outcome], None] | None = None

    @property
    def any_epoch(self) -> int:
        """Moves when any change begins or ends."""
        return self._epoch

    def epoch(self, shown_in: Kind) -> int:
        """Moves when a change that shows in this list begins or ends."""
        return self._begun[shown_in] + self._ended[shown_in]

    def ended(self, shown_in: Kind) -> int:
        """How many changes that show in this list have ended."""
        return self._ended[shown_in]

    def begin(self, shown_in: Kind) -> None:
        """A change is about to be asked of the vendor."""
        self._begun[shown_in] += 1
        self._moved()

    def end(self, shown_in: Kind) -> None:
        """The vendor has answered, or never will."""
        self._ended[shown_in] += 1
        self._moved()

    def when_moved(self, forget: Callable[[], None]) -> None:
        """Have this called whenever a change begins or ends, here or in another process."""
        self._forgetting.append(forget)

    def listen(self, shown_in: Kind, listener: Listener) -> None:
        """Be told what changes of other processes left."""
        self._listeners.setdefault(shown_in, []).append(listener)

    def notice(self, shown_in: Kind, listener: Listener) -> None:
        """Be told what changes left, of this process and of others."""
        self._noticing.setdefault(shown_in, []).append(listener)

    def left(self, shown_in: Kind, outcome: Outcome) -> None:
        """Tell the other processes, if there are any, what a change of this one left."""
        self._tell(self._noticing, shown_in, outcome)
        if self.pass_on is not None:
            self.pass_on(shown_in, outcome)

    def left_elsewhere(self, shown_in: Kind, outcome: Outcome) -> None:
        """Another process has told what its change left, or it was missed: UNSEEN."""
        self._tell(self._listeners, shown_in, outcome)
        self._tell(self._noticing, shown_in, outcome)

    @staticmethod
    def _tell(listeners: dict[Kind, list[Listener]], shown_in: Kind, outcome: Outcome) -> None:
        for listener in listeners.get(shown_in, ()):
            listener(outcome)

    def _moved(self) -> None:
        self._epoch += 1
        for forget in self._forgetting:
            forget()
