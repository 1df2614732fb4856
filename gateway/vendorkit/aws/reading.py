"""Reading: by whom and when something was seen, which every mapped object carries."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.backend import Backend


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of one backend."""

    backend: Backend
    observed_at: datetime
