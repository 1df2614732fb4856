"""Executions: of a task in the vendor's own pages, of a device newest first, and single ones."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.backends.cache import Answer
from gateway.backends.shelf import endless_paging
from gateway.backends.snapshot import Snapshot
from gateway.backends.stack import BackendStack
from gateway.domain.device import Device, device
from gateway.domain.errors import GatewayError
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId, decode, same_generation
from gateway.domain.operations import Operation
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.services.asking import ask_list, ask_many, unsupported
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.freshness import told
from gateway.services.input_rules import broken, check_first
from gateway.services.inputs import Direction, ExecutionFilter
from gateway.services.merged_list import Taken, Whole, merged
from gateway.services.seen_backends import SeenBackends
from gateway.services.sort_keys import by_moment
from gateway.services.streamed_list import Source, first_page, streamed

_NEWEST_FIRST = by_moment(lambda execution: execution.queued_at or execution.updated_at, Direction.DESC)


class ExecutionReads:
    """Reading executions."""

    def __init__(self, backends: SeenBackends, cursors: CursorKey) -> None:
        self._backends = backends
        self._cursors = cursors

    async def list(
        self, caller: Caller, first: int, after: str | None, wanted: ExecutionFilter
    ) -> Connection[Execution]:
        """Executions of a task, of a device, or of a device in a task. Raises InvalidInput."""
        check_first(first)
        if wanted.task_id is None and wanted.device is None:
            raise broken(("filter",), "taskId, device, or both")
        task = None if wanted.task_id is None else decode(wanted.task_id, Kind.TASK)
        if wanted.device is None:
            if task is None:
                raise broken(("filter",), "taskId, device, or both")
            return await self.of_task(caller, task, first, after, wanted.status)
        stack = self._backends.named(
            caller, wanted.device.backend, Operation.LIST_DEVICE_EXECUTIONS, path=("filter", "device", "backend")
        )
        one = device(stack.backend, wanted.device.name, wanted.device.product_key)
        stack.adapter.check_key(one.ref)
        if task is None:
            return await self.of_device(caller, one, first, after, wanted.status)
        if task.backend != one.backend.name:
            raise broken(("filter", "device", "backend"), "the backend that the task belongs to")
        return await self._of_device_in_task(stack, caller, task, one, _Window(first, after, wanted.status))

    async def of_task(
        self, caller: Caller, task: ObjectId, first: int, after: str | None, status: Sequence[ExecutionStatus] | None
    ) -> Connection[Execution]:
        """A task's executions, in its vendor's order and pages: constant price and memory, whatever their number."""
        check_first(first)
        stack = self._backends.of(caller, task, Operation.LIST_EXECUTIONS)
        chosen = None if status is None else frozenset(status)
        if after is None and chosen is None and (kept := self._kept_page(stack, caller, task, first)) is not None:
            return kept
        stack.adapter.check_key(task)

        async def fetch(page: PageRequest) -> Answer[Page[Execution]]:
            hint = sorted(chosen) if chosen is not None else None
            return await ask_list(
                stack,
                caller,
                _page_key(task, hint, page.size, page.after),
                lambda: stack.adapter.list_executions(task, chosen, page),
            )

        source = Source(
            name=stack.name,
            largest=stack.manifest.execution_page_size,
            what="executions",
            fetch=fetch,
            keep=None if chosen is None else lambda execution: execution.status in chosen,
            skipped=_skipped(stack, Operation.LIST_EXECUTIONS),
        )
        bound = _bound(task, chosen)
        return await streamed([source], first=first, after=after, key=self._cursors, binding=bound)

    def _kept_page(
        self, stack: BackendStack, caller: Caller, task: ObjectId, first: int
    ) -> Connection[Execution] | None:
        """The first page where nobody has to be asked for it: lists within lists are made of many such."""
        size = min(first, stack.manifest.execution_page_size)
        key = _page_key(task, None, size, None)
        answer = None if caller.fresh else stack.peek(key, max_age=caller.max_age)
        if answer is None:
            return None
        stack.sources.memory.count += 1
        told(caller, stack, answer.fetched_at)
        return first_page(
            stack.name,
            answer,
            first=first,
            size=size,
            sign=lambda place: self._cursors.sign(_bound(task, None), place),
        )

    async def of_device(
        self,
        caller: Caller,
        one: Device,
        first: int,
        after: str | None,
        status: Sequence[ExecutionStatus] | None = None,
    ) -> Connection[Execution]:
        """A device's executions over all tasks, newest first; SKIPPED where the vendor cannot list them so."""
        check_first(first)
        stack = self._backends.of(caller, one.ref)

        async def read() -> Answer[Sequence[Execution]]:
            return await ask_list(
                stack, caller, f"device_executions|{one.ref.key}", lambda: _all_of_device(stack, one.ref)
            )

        skipped = _skipped(stack, Operation.LIST_DEVICE_EXECUTIONS)
        bound = binding("device", one.id, status)
        return await self._short_list(stack, _Window(first, after, status), bound, read, skipped)

    async def get(self, caller: Caller, ref: ObjectId) -> Execution | None:
        """The whole execution an id names; None when it does not exist, or another stands under its key by now."""
        (found,) = await self.get_many(caller, [ref])
        if isinstance(found, GatewayError):
            raise found
        return found

    async def get_many(self, caller: Caller, refs: Sequence[ObjectId]) -> Sequence[Execution | GatewayError | None]:
        """Executions by id, in the order asked, batched per backend where its vendor has a bulk read."""
        by_backend: dict[str, list[ObjectId]] = {}
        for ref in refs:
            by_backend.setdefault(ref.backend, []).append(ref)
        found: dict[ObjectId, Execution | GatewayError | None] = {}

        async def of_backend(group: list[ObjectId]) -> None:
            unique = list(dict.fromkeys(group))
            try:
                stack = self._backends.holding(caller, unique[0])
                if stack is None:
                    found.update(dict.fromkeys(unique))
                    return
                for ref in unique:
                    stack.adapter.check_key(ref)
                answers = await ask_many(
                    stack,
                    caller,
                    [f"execution|{ref.key}" for ref in unique],
                    lambda places: stack.adapter.get_executions([unique[place] for place in places]),
                )
            except GatewayError as error:
                found.update(dict.fromkeys(unique, error))
                return
            for ref, answer in zip(unique, answers, strict=True):
                found[ref] = _same(ref, answer.value)

        await asyncio.gather(*(of_backend(group) for group in by_backend.values()))
        return [found[ref] for ref in refs]

    async def describe_many(
        self, caller: Caller, executions: Sequence[Execution]
    ) -> Sequence[Execution | GatewayError | None]:
        """The same executions, whole. One that could not be had is an error in its place."""
        return await self.get_many(caller, [execution.ref for execution in executions])

    async def _of_device_in_task(
        self, stack: BackendStack, caller: Caller, task: ObjectId, one: Device, window: "_Window"
    ) -> Connection[Execution]:
        async def find() -> Sequence[Execution]:
            return [row for row in await stack.adapter.find_executions(task, [one.name]) if row is not None]

        async def read() -> Answer[Sequence[Execution]]:
            return await ask_list(stack, caller, f"device_in_task|{task.key}|{one.ref.key}", find)

        bound = binding("device_in_task", one.id, str(task), window.status)
        return await self._short_list(stack, window, bound, read, _skipped(stack, Operation.LIST_EXECUTIONS))

    async def _short_list(
        self,
        stack: BackendStack,
        window: "_Window",
        bound: bytes,
        read: Callable[[], Awaitable[Answer[Sequence[Execution]]]],
        skipped: GatewayError | None,
    ) -> Connection[Execution]:
        async def snapshot() -> Taken[Execution]:
            answer = await read()
            return Taken(Snapshot({row.ref.key: row for row in answer.value}, answer.fetched_at), answer.stale)

        chosen = None if window.status is None else frozenset(window.status)
        return await merged(
            [Whole(name=stack.name, snapshot=snapshot, skipped=skipped)],
            order=("QUEUED_AT", Direction.DESC),
            key_of=_NEWEST_FIRST,
            keep=lambda execution: chosen is None or execution.status in chosen,
            first=window.first,
            after=window.after,
            key=self._cursors,
            binding=bound,
        )


@dataclass(frozen=True, slots=True)
class _Window:
    """Which part of a short list."""

    first: int
    after: str | None
    status: Sequence[ExecutionStatus] | None


async def _all_of_device(stack: BackendStack, ref: ObjectId) -> Sequence[Execution]:
    rows: list[Execution] = []
    after: str | None = None
    while True:
        page = await stack.adapter.list_device_executions(ref, PageRequest(stack.manifest.execution_page_size, after))
        rows.extend(page.rows)
        if page.next is None:
            return rows
        if page.next == after:
            raise endless_paging(stack.name, "executions of a device")
        after = page.next


def _page_key(task: ObjectId, hint: Sequence[ExecutionStatus] | None, size: int, after: str | None) -> str:
    return f"executions|{task.key}|{hint}|{size}|{after}"


@lru_cache(maxsize=4096)
def _bound(task: ObjectId, chosen: frozenset[ExecutionStatus] | None) -> bytes:
    return binding("executions", str(task), sorted(chosen) if chosen is not None else None)


def _same(ref: ObjectId, execution: Execution | None) -> Execution | None:
    if execution is None or (ref.generation and not same_generation(ref.generation, execution.ref.generation)):
        return None
    return execution


def _skipped(stack: BackendStack, operation: Operation) -> GatewayError | None:
    return None if stack.backend.supports(operation) else unsupported(stack, operation)
