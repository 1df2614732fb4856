"""The errand: what is being done at this moment, for whoever writes a line, counts or opens a span on the way.

An errand is one GraphQL operation, whatever brought it here. It belongs to the context, as a deadline does, so it
reaches everything that is done for it without being handed on. What goes on for nobody in particular, such as a renewal
behind an answer, is done `apart`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span


class Errand:
    """One operation. `kind` is query, mutation, subscription, or none until that is known; `name` is its own.

    `outcome` is what came of it, once that is known: see REQUESTS in metrics. `since` is a reading of perf_counter.
    """

    __slots__ = ("kind", "name", "outcome", "request_id", "since", "span", "transport")

    def __init__(self, request_id: str, transport: str, since: float, span: "Span | None" = None) -> None:
        self.request_id = request_id
        self.transport = transport
        self.since = since
        self.span = span
        self.kind = "none"
        self.name: str | None = None
        self.outcome: str | None = None

    def went(self, outcome: str) -> None:
        """Part of it came to this. What is our fault outweighs everything else."""
        if self.outcome != "failed":
            self.outcome = outcome


_present: ContextVar[Errand | None] = ContextVar("errand", default=None)
present = _present.get
enter = _present.set
leave = _present.reset


@contextmanager
def on(errand: Errand | None) -> Iterator[None]:
    """What the block does is done for this errand."""
    token = _present.set(errand)
    try:
        yield
    finally:
        _present.reset(token)


@contextmanager
def apart() -> Iterator[None]:
    """What the block does, and every task begun in it, is done for no errand."""
    with on(None):
        yield
