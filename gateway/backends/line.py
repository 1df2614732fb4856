"""The line before a backend: calls wait here for a slot and for the budget, the more urgent ones first.

One line for both: were calls to hold a slot while they wait for the budget, polls could keep an urgent call out by
waiting.
"""

import asyncio

from gateway.backends.bulkhead import Bulkhead
from gateway.backends.deadline import present_deadline
from gateway.backends.priority import Priority
from gateway.backends.rate_limit import CallBudget, OverBudget

_Waiter = asyncio.Future[None]


class Line:
    """Among equals, first come, first served. Who gives up waiting leaves neither a slot nor a call behind."""

    def __init__(self, backend: str, bulkhead: Bulkhead, budget: CallBudget) -> None:
        self._backend = backend
        self._bulkhead = bulkhead
        self._budget = budget
        self._waiters: dict[Priority, dict[_Waiter, None]] = {priority: {} for priority in Priority}
        self._letting_in: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiters.values()))

    @property
    def under_way(self) -> int:
        """How many have entered and not left."""
        return self._bulkhead.under_way

    async def enter(self, priority: Priority) -> None:
        """Wait for the turn; `leave` afterwards. Raises OverBudget at once when it would not come in time."""
        ahead = sum(len(self._waiters[one]) for one in Priority if one <= priority)
        if not ahead and self._bulkhead.room(priority) > 0 and self._budget.at_once():
            self._bulkhead.enter()
            return
        deadline = present_deadline()
        if deadline is not None and (wait := self._budget.seconds_until(ahead + 1)) > deadline.left:
            raise OverBudget(
                f"Backend {self._backend} cannot be asked in time: its budget, and any pause its vendor asked for, "
                f"leave this call no turn for another {wait:.1f} s. Ask again then, or raise `calls_per_second`.",
                retry_after_seconds=round(wait, 3),
                backend=self._backend,
            )
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        line = self._waiters[priority]
        line[waiter] = None
        self._let_in()
        try:
            await waiter
        except asyncio.CancelledError:
            line.pop(waiter, None)
            if not waiter.cancelled():
                # Its turn had just come.
                self._budget.give_back(1)
                self.leave()
            raise
        finally:
            if deadline is not None:
                deadline.waited()

    def leave(self) -> None:
        """A call is back, or was not made."""
        self._bulkhead.leave()
        self._let_in()

    def hold(self, seconds: float) -> None:
        """Let nobody in for so long."""
        self._budget.hold(seconds)

    def _let_in(self) -> None:
        if (self._letting_in is None or self._letting_in.done()) and self._able():
            self._letting_in = asyncio.create_task(self._let_in_all())

    async def _let_in_all(self) -> None:
        while able := self._able():
            given = await self._budget.obtain(able)
            while given and self._able():
                line = next(line for line in self._waiters.values() if line)
                waiter = next(iter(line))
                del line[waiter]
                if not waiter.done():
                    self._bulkhead.enter()
                    waiter.set_result(None)
                    given -= 1
            if given:
                self._budget.give_back(given)

    def _able(self) -> int:
        """How many of those who wait have room."""
        able = 0
        for priority, line in self._waiters.items():
            if line:
                able += max(0, min(len(line), self._bulkhead.room(priority) - able))
        return able
