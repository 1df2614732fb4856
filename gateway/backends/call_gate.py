"""The gate that every single vendor call passes: wait for the budget, bound the attempt's time, measure it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from time import perf_counter
from types import TracebackType

from gateway.backends.health import HealthRecord
from gateway.backends.rate_limit import CallBudget


class BudgetedGate:
    """One per backend; implements vendorkit.http.CallGate."""

    def __init__(self, budget: CallBudget, attempt_timeout: timedelta, health: HealthRecord) -> None:
        self._budget = budget
        self._attempt_seconds = attempt_timeout.total_seconds()
        self._health = health

    def passing(self, operation: str) -> AbstractAsyncContextManager[None]:
        """Run one call to the vendor. Raises TimeoutError when its time is over; the wait before it does not count."""
        return _Passage(self._budget, self._attempt_seconds, self._health)


class _Passage:
    """One call. A class, since a generator behind `asynccontextmanager` costs as much as all else it does."""

    __slots__ = ("_budget", "_health", "_seconds", "_started", "_time")

    def __init__(self, budget: CallBudget, seconds: float, health: HealthRecord) -> None:
        self._budget = budget
        self._seconds = seconds
        self._health = health

    async def __aenter__(self) -> None:
        await self._budget.take()
        self._started = perf_counter()
        self._time = asyncio.timeout(self._seconds)
        await self._time.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._health.call(perf_counter() - self._started)
        await self._time.__aexit__(kind, problem, trace)
