"""The gate that every single vendor call passes: wait for the budget, bound the attempt's time, measure it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter

from gateway.backends.health import HealthRecord
from gateway.backends.rate_limit import CallBudget


class BudgetedGate:
    """One per backend; implements vendorkit.http.CallGate."""

    def __init__(self, budget: CallBudget, attempt_timeout: timedelta, health: HealthRecord) -> None:
        self._budget = budget
        self._attempt_seconds = attempt_timeout.total_seconds()
        self._health = health

    @asynccontextmanager
    async def passing(self, operation: str) -> AsyncIterator[None]:
        """Run one call to the vendor. Raises TimeoutError when its time is over; the wait before it does not count."""
        await self._budget.take()
        started = perf_counter()
        try:
            async with asyncio.timeout(self._attempt_seconds):
                yield
        finally:
            self._health.call(perf_counter() - started)
