"""Changes: counts what is changed at a backend, so that nothing read before a change is taken for what stands after."""

from collections import Counter

from gateway.domain.ids import Kind


class Changes:
    """Counts beginnings and ends of changes by the list they show in, TASK or PACKAGE.

    A change of a device's part in a task shows in TASK. What was begun under one epoch and ends under another may be
    out of date and is neither joined nor kept. What is kept while `ended` moves on is shown until it is renewed.
    """

    def __init__(self) -> None:
        self._begun: Counter[Kind] = Counter()
        self._ended: Counter[Kind] = Counter()
        self._epoch = 0

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
        self._epoch += 1

    def end(self, shown_in: Kind) -> None:
        """The vendor has answered, or never will."""
        self._ended[shown_in] += 1
        self._epoch += 1
