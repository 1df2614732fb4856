"""Turns: the looks at one backend, one after another as its share of the call budget allows.

They wait here, before any deadline runs: that there are many watches makes looks rarer and never makes them fail. Looks
that somebody waits for come first; among the others each has its turn.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.backends.bulkhead import Bulkhead
from gateway.backends.counted_calls import counting_calls
from gateway.backends.line import Line
from gateway.backends.priority import Priority, asking_as
from gateway.backends.rate_limit import CallBudget

# More would wait for the account's own budget longer than a read may take.
_AT_ONCE = 8


class Turns:
    """Of one backend. A turn costs the vendor calls that were made in it, none where the answer was at hand."""

    def __init__(self, backend: str, budget: CallBudget) -> None:
        self._budget = budget
        self._line = Line(backend, Bulkhead(_AT_ONCE), budget)

    @asynccontextmanager
    async def turn(self, urgent: asyncio.Event) -> AsyncIterator[None]:
        """Wait for a turn, which lasts for the block: soon, once it is or becomes `urgent`."""
        await self._enter(urgent)
        # Somebody waits for an urgent one as for any read. The others give way to everybody.
        priority = Priority.INTERACTIVE if urgent.is_set() else Priority.POLL
        counted = None
        try:
            with asking_as(priority), counting_calls() as counted:
                yield
        finally:
            self._leave(0 if counted is None else counted.made)

    async def _enter(self, urgent: asyncio.Event) -> None:
        if not urgent.is_set():
            entering = asyncio.ensure_future(self._line.enter(Priority.POLL))
            becoming = asyncio.ensure_future(urgent.wait())
            try:
                await asyncio.wait((entering, becoming), return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                if entering.done() and not entering.cancelled():
                    # The turn had just come.
                    self._leave(0)
                raise
            finally:
                becoming.cancel()
                entering.cancel()
                await asyncio.gather(entering, becoming, return_exceptions=True)
            if not entering.cancelled():
                entering.result()
                return
        await self._line.enter(Priority.INTERACTIVE)

    def _leave(self, made: int) -> None:
        # One call was taken when the turn came.
        if made == 0:
            self._budget.give_back(1)
        elif made > 1:
            self._budget.charge(made - 1)
        self._line.leave()
