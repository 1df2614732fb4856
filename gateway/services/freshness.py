"""Freshness: until when the answer to a request is as new as the gateway would give it anyway.

An answer is made of others, each of which a backend serves as it is for its `cache_ttl`; the first of these to end
ends it. What shows a moment of the gateway itself, such as a backend's health, is over as soon as it is told.
"""

from collections.abc import Iterable
from datetime import datetime
from math import inf
from time import time
from typing import Protocol

from gateway.backends.stack import BackendStack
from gateway.services.connection import BackendResult

_A_DAY = 86_400


class Freshness:
    """That of one request. `until` is in seconds since the epoch; None as long as nothing was told that can age."""

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until: float | None = None

    def lasts(self, until: float) -> None:
        """Something was told that is served as it is until then."""
        if self.until is None or until < self.until:
            self.until = until

    def seconds(self) -> int:
        """How many whole seconds are left. Who was told nothing that can age has none to count on."""
        return 0 if self.until is None else max(0, int(min(self.until - time(), _A_DAY)))

    def over(self) -> None:
        """Something was told that may be otherwise a moment later."""
        self.until = 0.0


class _Asks(Protocol):
    @property
    def freshness(self) -> Freshness: ...


def told(caller: _Asks, stack: BackendStack, fetched_at: datetime) -> None:
    """A caller is told what a backend gave at this moment."""
    caller.freshness.lasts(_fresh_until(stack, fetched_at))


def list_fresh_until(stacks: Iterable[BackendStack], results: Iterable[BackendResult]) -> float:
    """Until when a list over these backends is served as it is; for ever where none of them has such a list."""
    by_name = {stack.name: stack for stack in stacks}
    return min(
        (_fresh_until(by_name[one.name], one.fetched_at) for one in results if one.fetched_at is not None),
        default=inf,
    )


def _fresh_until(stack: BackendStack, fetched_at: datetime) -> float:
    return fetched_at.timestamp() + stack.pace.cache_ttl.total_seconds()
