"""Vendor calls over several devices: at most `max_targets` of one task in each call, and no call repeated."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.backends.stack import BackendStack
from gateway.domain.changes import TargetReceipts
from gateway.domain.errors import GatewayError, OutcomeUnknown
from gateway.domain.execution import Execution
from gateway.domain.operations import Operation
from gateway.services.mutations.record import Record
from gateway.services.mutations.target_outcomes import Target, not_attempted

_AT_ONCE = 4


async def call_in_chunks(
    stack: BackendStack,
    operation: Operation,
    targets: Sequence[Target],
    call: Callable[[list[Execution]], Awaitable[TargetReceipts]],
    record: Record,
    *,
    stop_on_first: bool = False,
) -> None:
    """Call for every undecided target. Afterwards those the vendor refused are decided; the rest are to be read."""
    chunks = _chunks(
        [target for target in targets if not target.decided], stack.backend.capability(operation).max_targets
    )

    async def one(chunk: list[Target]) -> bool:
        try:
            await record.note_call({target.given: target.executions for target in chunk})
            receipts = await call([execution for target in chunk for execution in target.executions])
        except OutcomeUnknown as error:
            record.answered(error.request_id)
            for target in chunk:
                target.lost = error
            return False
        except GatewayError as error:
            error.backend = error.backend or stack.name
            for target in chunk:
                target.fail(error)
            return False
        record.request_ids.extend(receipts.request_ids)
        for target in chunk:
            for execution in target.executions:
                if execution.device.name in receipts.refused:
                    target.fail(receipts.refused[execution.device.name])
        return not receipts.refused

    if not stop_on_first:
        for start in range(0, len(chunks), _AT_ONCE):
            await asyncio.gather(*(one(chunk) for chunk in chunks[start : start + _AT_ONCE]))
        return
    for place, chunk in enumerate(chunks):
        if not await one(chunk):
            for target in (target for rest in chunks[place + 1 :] for target in rest):
                target.fail(not_attempted("an earlier target failed and errorPolicy is STOP_ON_FIRST.", stack.name))
            return


def _chunks(targets: Sequence[Target], most: int | None) -> list[list[Target]]:
    by_task: dict[tuple[str, ...], list[Target]] = {}
    for target in targets:
        task = target.executions[0].task_ref
        by_task.setdefault(() if task is None else task.key, []).append(target)
    size = most or 1
    return [group[start : start + size] for group in by_task.values() for start in range(0, len(group), size)]
