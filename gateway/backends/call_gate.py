"""The gate that every single vendor call passes, and the one place where its layers have their order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TypeVar

from gateway.backends.attempts import Attempts
from gateway.backends.bulkhead import Bulkhead
from gateway.backends.circuit_breaker import Circuit, CircuitBreaker, CircuitOpen
from gateway.backends.circuits import Circuits
from gateway.backends.counted_calls import count_call
from gateway.backends.deadline import present_deadline
from gateway.backends.health import HealthRecord
from gateway.backends.line import Line
from gateway.backends.priority import Priority, present_priority
from gateway.backends.rate_limit import CallBudget, OverBudget
from gateway.backends.retry import Retries, RetryBudget
from gateway.domain.errors import BackendUnavailable, GatewayError, OutcomeUnknown, Throttled
from gateway.observability.tracing import NO_TRACING, Tracing
from gateway.vendorkit.http import VendorCall
from gateway.vendorkit.settings import Pace

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What goes through a gate at this moment. `open_until` is None unless the circuit is open."""

    circuit: Circuit = Circuit.CLOSED
    open_until: datetime | None = None
    under_way: int = 0
    waiting: int = 0


class BackendGate:
    """One per backend; implements vendorkit.http.CallGate. From the outside in:

    1. retry            reads only, within the deadline and the retry budget (`retry.py`)
    2. circuit breaker  refuses at once what the vendor does not answer (`circuit_breaker.py`, one per operation)
    3. line             waits by priority (`line.py`) for a slot (`bulkhead.py`) and the call budget (`rate_limit.py`)
    4. attempt timeout  how long the one call may take; waits do not count
    5. the attempt      signing, the wire, and reading the answer, so that all above know what came of it
    """

    def __init__(
        self,
        backend: str,
        budget: CallBudget,
        pace: Pace,
        health: HealthRecord,
        *,
        now: Callable[[], datetime],
        seconds: Callable[[], float] = monotonic,
        vendor: str = "",
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._attempts = Attempts(backend, vendor, tracing)
        self._retries = Retries(pace.retries, RetryBudget(seconds))
        self._circuits = Circuits(backend, now, seconds)
        self._line = Line(backend, Bulkhead(pace.max_concurrent_calls), budget)
        self._attempt_seconds = pace.attempt_timeout.total_seconds()
        self._health = health
        self._seconds = seconds

    def traffic(self) -> Traffic:
        """What goes through at this moment."""
        circuit, open_until = self._circuits.reading()
        return Traffic(
            circuit=circuit,
            open_until=open_until,
            under_way=self._line.under_way,
            waiting=self._line.waiting,
        )

    async def carry(self, call: VendorCall[Answer]) -> Answer:
        """Make a call, and again where that is allowed. Raises GatewayError, of the last attempt that was made."""
        if call.write:
            return await self._admitted(call, Priority.MUTATION, 0)
        priority = present_priority()
        self._retries.called()
        try:
            return await self._admitted(call, priority, 0)
        except (BackendUnavailable, Throttled) as error:
            known: GatewayError = error
        done = 0
        while (pause := self._retries.pause(done, known, present_deadline())) is not None:
            await asyncio.sleep(pause)
            done += 1
            self._health.retried()
            self._attempts.retried()
            try:
                return await self._admitted(call, priority, done)
            except (CircuitOpen, OverBudget):
                break
            except (BackendUnavailable, Throttled) as error:
                known = error
        raise known

    async def _admitted(self, call: VendorCall[Answer], priority: Priority, resent: int) -> Answer:
        breaker = self._circuits.of(call.operation)
        try:
            number = breaker.admit()
        except CircuitOpen as error:
            self._attempts.kept_back(error)
            raise
        try:
            answer = await self._in_turn(call, priority, breaker, number, resent)
        except (CircuitOpen, OverBudget) as error:
            self._attempts.kept_back(error)
            breaker.undecided(number)
            raise
        except (BackendUnavailable, OutcomeUnknown) as error:
            self._circuits.failed(breaker, number, error)
            raise
        except GatewayError as error:
            self._circuits.succeeded(breaker, number)
            if isinstance(error, Throttled):
                self._throttled(error)
            raise
        except BaseException:
            breaker.undecided(number)
            raise
        self._circuits.succeeded(breaker, number)
        return answer

    async def _in_turn(
        self, call: VendorCall[Answer], priority: Priority, breaker: CircuitBreaker, number: int, resent: int
    ) -> Answer:
        await self._line.enter(priority)
        try:
            breaker.check(number)
            with self._attempts.noting(call, resent):
                return await self._attempted(call, breaker, number)
        finally:
            self._line.leave()

    async def _attempted(self, call: VendorCall[Answer], breaker: CircuitBreaker, number: int) -> Answer:
        started = self._seconds()
        count_call()
        try:
            async with asyncio.timeout(self._attempt_seconds):
                return await call.attempt()
        except TimeoutError as problem:
            raise call.too_late() from problem
        except asyncio.CancelledError:
            self._cut(call, breaker, number, self._seconds() - started)
            raise
        finally:
            self._health.called(self._seconds() - started)

    def _cut(self, call: VendorCall[Answer], breaker: CircuitBreaker, number: int, seconds: float) -> None:
        """A vendor that had most of the time there was until the deadline did not answer; a caller who left tells
        nothing.
        """
        deadline = present_deadline()
        if deadline is not None and deadline.left <= 0 and seconds >= min(self._attempt_seconds, deadline.seconds) / 2:
            self._circuits.failed(breaker, number, call.too_late())

    def _throttled(self, error: Throttled) -> None:
        self._health.throttled()
        if error.retry_after_seconds:
            self._line.hold(error.retry_after_seconds)
