"""The devices of a simulated task: a numbered run that costs nothing however long, or names that a caller gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Devices(Protocol):
    """The devices of a task, by place."""

    def __len__(self) -> int: ...

    def name(self, place: int) -> str:
        """The name at a place."""
        ...

    def place(self, name: str) -> int | None:
        """Where a name stands; None when it does not."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceRun:
    """`prefix-0001`, `prefix-0002` and so on, `count` of them from number `first`."""

    prefix: str
    first: int
    count: int

    def __len__(self) -> int:
        return self.count

    def name(self, place: int) -> str:
        """The name at a place."""
        return f"{self.prefix}-{self.first + place:04d}"

    def place(self, name: str) -> int | None:
        """Where a name stands; None when it does not."""
        digits = name.removeprefix(f"{self.prefix}-")
        if not (digits.isascii() and digits.isdigit()):
            return None
        place = int(digits) - self.first
        return place if 0 <= place < self.count and self.name(place) == name else None


class DeviceList:
    """Devices named one by one; a repeated name counts once."""

    def __init__(self, names: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        self._names = tuple(self._places)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, place: int) -> str:
        """The name at a place."""
        return self._names[place]

    def place(self, name: str) -> int | None:
        """Where a name stands; None when it does not."""
        return self._places.get(name)
