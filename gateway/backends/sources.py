"""Sources: where the answers of one backend's reads came from, counted."""

from gateway.observability.metrics import ANSWERS
from gateway.observability.tallies import tally


class Sources:
    """A tally for each source: see ANSWERS."""

    __slots__ = ("joined", "memory", "shared", "stale", "vendor")

    def __init__(self, backend: str) -> None:
        self.memory = tally(ANSWERS, backend, "memory")
        self.shared = tally(ANSWERS, backend, "shared")
        self.vendor = tally(ANSWERS, backend, "vendor")
        self.joined = tally(ANSWERS, backend, "joined")
        self.stale = tally(ANSWERS, backend, "stale")
