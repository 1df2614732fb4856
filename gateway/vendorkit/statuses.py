"""Status tables: a vendor's words and the neutral ones. What no table knows becomes UNKNOWN and is counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

Neutral = TypeVar("Neutral", bound=StrEnum)

_KEPT = 100
_OTHERS = "(others)"


class StatusTable(Generic[Neutral]):
    """One vendor enumeration mapped whole. `unknown_values` counts, per exact spelling, what it did not know."""

    def __init__(self, entries: Mapping[str, Neutral], unknown: Neutral) -> None:
        self._entries = dict(entries)
        self._unknown = unknown
        self.unknown_values: Counter[str] = Counter()

    def read(self, value: str | None) -> Neutral:
        """The neutral word for a vendor's."""
        found = self._entries.get(value) if value is not None else None
        if found is None:
            key = str(value)[:64]
            if key not in self.unknown_values and len(self.unknown_values) >= _KEPT:
                key = _OTHERS
            self.unknown_values[key] += 1
            return self._unknown
        return found

    def native(self, wanted: Iterable[Neutral]) -> list[str]:
        """The vendor's words that mean one of `wanted`."""
        chosen = frozenset(wanted)
        return [value for value, neutral in self._entries.items() if neutral in chosen]

    @property
    def values(self) -> frozenset[str]:
        """Every vendor value that is mapped."""
        return frozenset(self._entries)
