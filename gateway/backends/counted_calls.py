"""Counted calls: how many vendor calls came of a read, whichever tasks and layers made them on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class CountedCalls:
    """`made` is how many calls were sent so far. A read that joins another's has none of its own."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made = 0


_present: ContextVar[CountedCalls | None] = ContextVar("counted_calls", default=None)


@contextmanager
def counting_calls() -> Iterator[CountedCalls]:
    """Count the vendor calls of the block, and of the tasks begun in it."""
    counted = CountedCalls()
    token = _present.set(counted)
    try:
        yield counted
    finally:
        _present.reset(token)


def count_call() -> None:
    """A call is sent."""
    counted = _present.get()
    if counted is not None:
        counted.made += 1
