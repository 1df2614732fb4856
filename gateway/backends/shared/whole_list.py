"""A list read whole, as processes hand it on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Held(StrEnum):
    """What is known of a whole list: its rows, that they are too large to share, or too many to be read."""

    ROWS = "rows"
    LARGE = "large"
    MANY = "many"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeList:
    """A list read whole, when that began, how many seconds it took, and how many it may be kept from its end."""

    held: Held
    fetched_at: datetime
    took: float
    hard: float
    rows: list[Any]
