"""Sightings: what a watch has last seen of each object, in the order in which they changed.

Whoever reads them keeps a place: one number. Between two of its steps an object may have changed several times, of
which it is shown the last. So one who is slow, or does not read at all, holds up nobody and costs nothing.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Generic, TypeVar

Seen = TypeVar("Seen")

_FEW = 64


class Sightings(Generic[Seen]):
    """`shown` gives what of an object counts as a change when it differs."""

    def __init__(self, shown: Callable[[Seen], object]) -> None:
        self._shown = shown
        self._latest: dict[str, tuple[int, Seen]] = {}
        # Two lists side by side: the places of changes, ascending, and what changed there.
        self._places: list[int] = []
        self._keys: list[str] = []
        self._last = 0

    def keys(self) -> set[str]:
        """What is there to be seen."""
        return set(self._latest)

    def see(self, key: str, seen: Seen) -> bool:
        """Take over what an object looks like now; whether that is a change."""
        known = self._latest.get(key)
        if known is not None and self._shown(known[1]) == self._shown(seen):
            self._latest[key] = (known[0], seen)
            return False
        self._last += 1
        self._latest[key] = (self._last, seen)
        self._places.append(self._last)
        self._keys.append(key)
        if len(self._places) > 2 * len(self._latest) + _FEW:
            self._keep_the_last()
        return True

    def all(self, test: Callable[[Seen], bool]) -> bool:
        """Whether there is something, and all of it passes the test."""
        return bool(self._latest) and all(test(seen) for _, seen in self._latest.values())

    def forget(self, key: str) -> None:
        """The object is no more."""
        self._latest.pop(key, None)

    def after(self, place: int) -> tuple[int, Seen] | None:
        """The next object that has changed behind this place, as it looks now, and its place; None for none yet."""
        for index in range(bisect_right(self._places, place), len(self._places)):
            found = self._latest.get(self._keys[index])
            if found is not None and found[0] == self._places[index]:
                return found
        return None

    def _keep_the_last(self) -> None:
        kept = sorted((place, key) for key, (place, _) in self._latest.items())
        self._places = [place for place, _ in kept]
        self._keys = [key for _, key in kept]
