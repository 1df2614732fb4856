"""Exporting: the rows of all backends, one backend after another, and what is missing where one fails."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.cli.export_columns import execution_members, task_members
from gateway.cli.export_progress import Shown
from gateway.domain.errors import BackendUnavailable, GatewayError, NotFound, Throttled
from gateway.domain.ids import ObjectId, encode
from gateway.domain.operations import Operation
from gateway.domain.statuses import CountUnit, ExecutionStatus, TaskStatus
from gateway.domain.task import Task
from gateway.services.asking import unsupported
from gateway.services.walks import Walk

Rows = Iterator[Mapping[str, Any]]
Write = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Report:
    """What became of an export. `missing` tells in a sentence each what it does not hold, by backend."""

    rows: int = 0
    backends: int = 0
    failed: int = 0
    missing: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def nothing_was_read(self) -> bool:
        """Whether every backend failed before its first row."""
        return self.rows == 0 and 0 < self.failed == self.backends


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows: of these backends, at one of these statuses, of these tasks; None for all."""

    backends: Sequence[str]
    task_status: frozenset[TaskStatus] | None = None
    execution_status: frozenset[ExecutionStatus] | None = None
    tasks: Sequence[ObjectId] | None = None


async def export_tasks(registry: BackendRegistry, wanted: Wanted, write: Write, shown: Shown) -> Report:
    """Write the tasks of these backends."""

    async def rows(walk: Walk, part: "_Part") -> AsyncIterator[Rows]:
        part.begin(None)
        async for page in walk.tasks():
            chosen = wanted.task_status
            yield (task_members(task) for task in page if chosen is None or task.status in chosen)

    return await _export(registry, wanted, Operation.LIST_TASKS, rows, write, shown)


async def export_executions(registry: BackendRegistry, wanted: Wanted, write: Write, shown: Shown) -> Report:
    """Write the executions of these tasks, or of all tasks of these backends."""

    async def rows(walk: Walk, part: "_Part") -> AsyncIterator[Rows]:
        chosen = wanted.execution_status
        if wanted.tasks is None:
            part.begin(None)
            pages = walk.tasks()
        else:
            named = [ref for ref in wanted.tasks if ref.backend == part.backend]
            found = [task for ref in named if (task := await _named(walk, ref, part)) is not None]
            part.begin(_expected(found) if chosen is None else None)
            pages = _one_page(found)
        async for tasks in pages:
            for task in tasks:
                try:
                    async for page in walk.executions(task.ref, chosen):
                        yield (execution_members(task, execution) for execution in page)
                except (BackendUnavailable, Throttled):
                    raise
                except GatewayError as error:
                    # A task may have been deleted since it was listed. The others are not to miss for it.
                    part.misses(f"Executions of task {task.name}: {error.message}")

    return await _export(registry, wanted, Operation.LIST_EXECUTIONS, rows, write, shown)


@dataclass(slots=True)
class _Part:
    """One backend's part of an export."""

    backend: str
    report: Report
    shown: Shown
    rows: int = 0
    begun: bool = False

    def begin(self, expected: int | None) -> None:
        """Its rows are to come."""
        self.begun = True
        self.shown.begin(self.backend, expected)

    def wrote(self, number: int) -> None:
        """So many more rows are written."""
        self.rows += number
        self.report.rows += number
        self.shown.rows(self.backend, self.rows)

    def misses(self, what: str) -> None:
        """Something will not be there."""
        self.report.missing.append((self.backend, what))

    def end(self, *, failed: bool) -> None:
        """Nothing more will come."""
        if not self.begun:
            self.begin(None)
        self.report.failed += failed
        self.shown.end(self.backend, self.rows, failed=failed)


async def _export(
    registry: BackendRegistry,
    wanted: Wanted,
    operation: Operation,
    rows: Callable[[Walk, _Part], AsyncIterator[Rows]],
    write: Write,
    shown: Shown,
) -> Report:
    report = Report()
    for stack in _chosen(registry, wanted.backends):
        if not stack.backend.supports(operation):
            report.skipped.append((stack.name, unsupported(stack, operation).message))
            continue
        report.backends += 1
        part = _Part(stack.name, report, shown)
        try:
            async for page in rows(Walk(stack), part):
                number = 0
                for row in page:
                    write(row)
                    number += 1
                part.wrote(number)
        except GatewayError as error:
            part.misses(
                f"What comes after its first {part.rows:,} rows: {error.message}" if part.rows else error.message
            )
            part.end(failed=True)
        else:
            part.end(failed=False)
    return report


def _chosen(registry: BackendRegistry, names: Sequence[str]) -> list[BackendStack]:
    return [stack for stack in registry if stack.name in names]


async def _named(walk: Walk, ref: ObjectId, part: _Part) -> Task | None:
    """The task of an id that somebody gave; None, and noted as missing, where it cannot be had."""
    try:
        task = await walk.task(ref)
        if task is None:
            raise NotFound("There is no such task, or another stands in its place by now.")
    except (BackendUnavailable, Throttled):
        raise
    except GatewayError as error:
        part.misses(f"Task {encode(ref)}: {error.message}")
        return None
    return task


async def _one_page(tasks: Sequence[Task]) -> AsyncIterator[Sequence[Task]]:
    yield tasks


def _expected(tasks: Sequence[Task]) -> int | None:
    """How many executions these tasks have, where their vendor counts exactly them."""
    number = 0
    for task in tasks:
        counts = task.execution_counts
        if counts is None or counts.total is None or not counts.exact or counts.unit is not CountUnit.EXECUTIONS:
            return None
        number += counts.total
    return number
