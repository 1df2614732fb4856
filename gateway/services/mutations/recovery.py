"""Recovery: the open entries of processes that live no more, read back from the vendors and closed.

It runs from the start on, since other processes over the same ledger end too. An entry is first taken over, so that of
several only one reads it back; should that one end as well, the next takes over. Until a call that was under way when
its process ended can be under way no more, nothing is concluded. Nothing is ever sent that changes anything.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog

from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.audit import AuditEntry, NotedCall
from gateway.domain.errors import GatewayError
from gateway.domain.ids import Kind
from gateway.domain.operations import Operation
from gateway.domain.task import Task
from gateway.ledger import Ledger
from gateway.services.mutations.reading_back import Finding, never_sent, read_back, unknown
from gateway.services.shelves import Shelves

_SHORTEST_PAUSE_SECONDS = 0.05
_ENDING_SECONDS = 1.0
_AT_ONCE = 500
_GIVEN_UP_AFTER = timedelta(hours=24)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPauses:
    """Seconds. `between` lies between two looks for what was left behind, and before a vendor is asked again at first;
    while it cannot be asked this doubles up to `longest`. `margin` is waited beyond the time of one attempt, for what
    is on its way to the vendor still.
    """

    between: float = 1.0
    longest: float = 60.0
    margin: float = 1.0


@dataclass(slots=True)
class _Orphan:
    """An entry taken over. `since` and `not_before` are monotonic; `pause` grows while its vendor cannot be asked."""

    since: float
    pause: float
    not_before: float = 0.0


class Recovery:
    """Looks for what was left behind again and again, from `start` to `aclose`."""

    def __init__(
        self,
        registry: BackendRegistry,
        ledger: Ledger,
        shelves: Shelves,
        now: Callable[[], datetime],
        pauses: RecoveryPauses,
    ) -> None:
        self._registry = registry
        self._ledger = ledger
        self._shelves = shelves
        self._now = now
        self._pauses = pauses
        self._orphans: dict[str, _Orphan] = {}
        self._running: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def start(self) -> None:
        """Begin, behind whatever else the process does."""
        self._running = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Stop. What was taken over and not closed yet is open to the next process."""
        self._ending.set()
        if self._running is not None:
            # A query that is cancelled leaves its connection behind; a vendor that is slow is not waited for.
            await asyncio.wait({self._running}, timeout=_ENDING_SECONDS)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while not self._ending.is_set():
            try:
                await self._pass()
            except GatewayError as error:
                # The ledger is away. Whoever wants to change something is told so; here it is only tried again.
                _log.debug("recovery_waits", reason=error.message)
            except Exception as odd:  # noqa: BLE001 - an entry that cannot be judged must not keep the others open
                _log.error("recovery_failed", exc_info=odd)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._pause())

    def _pause(self) -> float:
        """Until the next look, or until something taken over is ripe."""
        ripe_in = (orphan.not_before - monotonic() for orphan in self._orphans.values())
        return max(_SHORTEST_PAUSE_SECONDS, min([self._pauses.between, *ripe_in]))

    async def _pass(self) -> None:
        """Take over what was left behind, and read back what is ripe, each backend for itself."""
        for entry_id in await self._ledger.adopt_orphans():
            self._orphans[entry_id] = _Orphan(since=monotonic(), pause=self._pauses.between)
        ripe = [entry_id for entry_id, orphan in self._orphans.items() if orphan.not_before <= monotonic()][:_AT_ONCE]
        if not ripe:
            return
        left = await self._ledger.left_open(ripe)
        for entry_id in set(ripe) - {entry.id for entry, _ in left}:
            # Its own process was alive after all, and has closed it.
            del self._orphans[entry_id]
        by_backend: dict[str, list[tuple[AuditEntry, list[NotedCall]]]] = {}
        for entry, calls in left:
            by_backend.setdefault(entry.backend, []).append((entry, calls))
        ended = await asyncio.gather(*(self._settle(some) for some in by_backend.values()), return_exceptions=True)
        for problem in ended:
            if isinstance(problem, BaseException):
                raise problem

    async def _settle(self, entries: Sequence[tuple[AuditEntry, list[NotedCall]]]) -> None:
        for entry, calls in entries:
            orphan = self._orphans[entry.id]
            if not calls:
                await self._close(entry, None, never_sent(entry))
                continue
            stack = self._registry.find(entry.backend)
            if stack is not None:
                settled = orphan.since + stack.pace.attempt_timeout.total_seconds() + self._pauses.margin
                if monotonic() < settled:
                    orphan.not_before = settled
                    continue
            finding = await self._found(stack, entry, calls, orphan)
            if finding is not None:
                await self._close(entry, stack, finding)

    async def _found(
        self, stack: BackendStack | None, entry: AuditEntry, calls: Sequence[NotedCall], orphan: _Orphan
    ) -> Finding | None:
        try:
            if stack is not None:
                with stack.tracing.work("recovery", stack.name):
                    return await read_back(stack, entry, calls)
            reason = "The backend is configured no more."
        except GatewayError as error:
            reason = error.message
        except Exception as odd:  # noqa: BLE001 - one that cannot be judged is as good as a vendor that cannot be asked
            _log.error("reading_back_failed", entry=entry.id, exc_info=odd)
            reason = "What the vendor shows could not be judged."
        if self._now() - entry.at > _GIVEN_UP_AFTER:
            return unknown(entry, f"The vendor could not be asked for a day: {reason}")
        orphan.not_before = monotonic() + orphan.pause
        orphan.pause = min(2 * orphan.pause, self._pauses.longest)
        _log.warning("reading_back_waits", entry=entry.id, on=entry.backend, reason=reason)
        return None

    async def _close(self, entry: AuditEntry, stack: BackendStack | None, finding: Finding) -> None:
        if stack is not None:
            await self._show(entry, stack, finding)
        await self._ledger.close(
            entry.id, finding.result, after=finding.after, tombstones=[] if finding.gone is None else [finding.gone]
        )
        del self._orphans[entry.id]
        _log.info("recovered", entry=entry.id, operation=entry.operation.value, outcome=finding.result.outcome.value)

    async def _show(self, entry: AuditEntry, stack: BackendStack, finding: Finding) -> None:
        """Let lists and kept answers know, here and in the other processes."""
        async with stack.changing(Kind.PACKAGE if entry.operation is Operation.DELETE_PACKAGE else Kind.TASK):
            pass
        if finding.gone is not None and finding.gone.kind is Kind.PACKAGE:
            self._shelves.packages[stack.name].drop(finding.gone)
            return
        if finding.gone is not None and finding.gone.kind is Kind.TASK:
            self._shelves.task_deleted(finding.gone)
        if isinstance(finding.left, Task):
            self._shelves.task_read(stack.name, finding.left)
        elif finding.gone is not None and finding.gone.kind is Kind.TASK:
            self._shelves.tasks[stack.name].drop(finding.gone)
        elif entry.operation is Operation.CREATE_TASK:
            self._shelves.task_read(stack.name, None)
