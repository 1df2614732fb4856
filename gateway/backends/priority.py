"""Priority: whose vendor calls go first where the budget or the slots are short.

It belongs to the context, so it reaches the calls through every adapter without being handed on, and tasks begun on
the way take it with them. A read that others join keeps the priority of whoever began it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Priority(IntEnum):
    """The lower, the sooner. POLL is for what nobody waits for: looks of watchers, and renewals behind answers."""

    MUTATION = 0
    INTERACTIVE = 1
    POLL = 2


_present: ContextVar[Priority] = ContextVar("priority", default=Priority.INTERACTIVE)
present_priority = _present.get


@contextmanager
def asking_as(priority: Priority) -> Iterator[None]:
    """Give the vendor calls of the block this priority. Writes have MUTATION whatever this says."""
    token = _present.set(priority)
    try:
        yield
    finally:
        _present.reset(token)
