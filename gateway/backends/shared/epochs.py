"""Epochs over all processes: how many changes of each list have begun and ended, counted in Redis.

A process keeps a copy of the counts, so that a read compares them without asking. It hears of others' changes through
a channel, looks itself every half second, and takes everything as changed when the link was down. The counts are part
of the names that answers are shared under; so is the run of the Redis server, and a mark made with the counts: what was
restored from a copy, or counted anew, never meets what was named before.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from redis.asyncio.client import Pipeline

from gateway.backends.changes import UNSEEN, Changes, Outcome
from gateway.backends.shared.names import short
from gateway.domain.ids import Kind

LISTS = (Kind.TASK, Kind.PACKAGE)
_MARK = "mark"


def begun(kind: Kind) -> str:
    """The counter of changes that have begun."""
    return f"begun:{kind}"


def ended(kind: Kind) -> str:
    """The counter of changes that have ended."""
    return f"ended:{kind}"


def left(kind: Kind) -> str:
    """The counter of what changes left, told through the channel."""
    return f"left:{kind}"


_FIELDS = [count(kind) for kind in LISTS for count in (begun, ended, left)]


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() else 0


class SharedEpochs:
    """The counts of one backend. `owed` is what of this process's changes could not be counted yet."""

    def __init__(self, account: str, key: str, changes: Changes) -> None:
        self.account = account
        self.key = key
        self.changes = changes
        self.owed: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._left: Counter[Kind] = Counter()
        self._run = ""
        self._mark = ""
        # Counts are read by one command at a time, so that what is learnt last is youngest.
        self.asking = asyncio.Lock()

    def name(self, kinds: Sequence[Kind] = LISTS) -> str | None:
        """What names the epoch of these lists in keys; None while it is not known for sure."""
        if self.owed or not self._mark:
            return None
        counts = self._counts
        return f"{self._run}{self._mark}:" + ".".join(f"{counts[begun(one)]}-{counts[ended(one)]}" for one in kinds)

    def ask(self, pipeline: "Pipeline", mark: str) -> Counter[str]:
        """Have what is owed counted and all counts read; gives what is to be owed no longer."""
        paid = self.owed.copy()
        for field, number in paid.items():
            pipeline.hincrby(self.key, field, number)
        pipeline.hsetnx(self.key, _MARK, mark)
        pipeline.hgetall(self.key)
        return paid

    def learn(self, found: dict[bytes, bytes], paid: Counter[str]) -> None:
        """Take over the counts that Redis gave; what moved beside our own share was changed elsewhere."""
        self.owed -= paid
        mark = short(found.get(_MARK.encode(), b"").hex())[:12]
        counts = Counter({field: _number(found.get(field.encode(), b"")) for field in _FIELDS})
        known, self._counts = self._counts, counts
        known_mark, self._mark = self._mark, mark
        if mark != known_mark:
            self._left = Counter({kind: counts[left(kind)] for kind in LISTS})
            self._all_changed()
            return
        for kind in LISTS:
            if counts[begun(kind)] != known[begun(kind)] + paid[begun(kind)]:
                self.changes.begin(kind)
            if counts[ended(kind)] != known[ended(kind)] + paid[ended(kind)]:
                self.changes.end(kind)

    def met(self, run: str) -> None:
        """The link is up (again), to this run of a server: whatever changed meanwhile is not known here."""
        self._run = run
        self._mark = ""

    def told(self, kind: Kind, number: int, outcome: Outcome | None) -> None:
        """What a change left was told through the channel, as the `number`th of its list; None for what is our own."""
        missed = number - self._left[kind] - 1
        if missed < 0:
            return
        self._left[kind] = number
        if missed:
            self.changes.left_elsewhere(kind, UNSEEN)
        elif outcome is not None:
            self.changes.left_elsewhere(kind, outcome)

    def missing(self) -> bool:
        """Whether more has been told than was heard."""
        return any(self._left[kind] < self._counts[left(kind)] for kind in LISTS)

    def give_up(self) -> None:
        """What was told and not heard will not come."""
        for kind in LISTS:
            if self._left[kind] < self._counts[left(kind)]:
                self._left[kind] = self._counts[left(kind)]
                self.changes.left_elsewhere(kind, UNSEEN)

    def _all_changed(self) -> None:
        for kind in LISTS:
            self.changes.begin(kind)
            self.changes.end(kind)
            self.changes.left_elsewhere(kind, UNSEEN)
