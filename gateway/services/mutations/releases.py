"""confirmOtaTask and retryOtaTask: let waiting devices go on, or failed ones try again; some, or the whole task."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from gateway.backends.stack import BackendStack
from gateway.domain.changes import TargetReceipts
from gateway.domain.errors import GatewayError, InvalidInput, NotFound, OutcomeUnknown
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview
from gateway.domain.task import Task
from gateway.services.caller import Caller
from gateway.services.input_rules import broken, check_change, check_list
from gateway.services.inputs import ReleaseExecutions
from gateway.services.mutations.chunked_calls import call_in_chunks
from gateway.services.mutations.desk import Desk, answering, refused
from gateway.services.mutations.identity import as_given, check_identity, named, refuse_deleted
from gateway.services.mutations.plain import plain
from gateway.services.mutations.record import Record
from gateway.services.mutations.target_outcomes import Target, conclude_release, overall
from gateway.services.shelves import Shelves

Call = Callable[[Task, Sequence[Execution] | None], Awaitable[TargetReceipts]]


@dataclass(frozen=True, slots=True)
class Releases:
    """Confirming and retrying."""

    desk: Desk
    shelves: Shelves

    async def confirm(self, caller: Caller, change: ReleaseExecutions) -> MutationResult:
        """Let devices that wait for a confirmation go on."""
        return await self._release(caller, change, Operation.CONFIRM_TASK)

    async def retry(self, caller: Caller, change: ReleaseExecutions) -> MutationResult:
        """Try failed devices again."""
        return await self._release(caller, change, Operation.RETRY_TASK)

    async def _release(self, caller: Caller, change: ReleaseExecutions, operation: Operation) -> MutationResult:
        try:
            check_change(change)
            stack, ref = named(self.desk.backends, caller, operation, change.id, Kind.TASK, ("id",))
            refs = None
            if change.execution_ids is not None:
                refs = self._executions(caller, operation, stack, ref, change.execution_ids)
        except (InvalidInput, NotFound) as error:
            return refused(error)
        confirming = operation is Operation.CONFIRM_TASK
        call: Call = stack.adapter.confirm_executions if confirming else stack.adapter.retry_executions

        async def work(record: Record) -> MutationResult:
            try:
                await refuse_deleted(record.ledger, ref, change.id)
                found = await stack.look(lambda: stack.adapter.get_task(ref))
                task = check_identity(found, ref, target=change.id, expected_fingerprint=None)
            except GatewayError as error:
                raise as_given(error, change.id) from None
            await record.note_before(plain(task))
            problem = stack.adapter.refusal(operation, task, force=False)
            if problem is not None and not change.dry_run:
                return refused(as_given(problem, change.id))
            if refs is not None:
                given = list(change.execution_ids or ())
                return await self._some(stack, operation, call, task, given, refs, change, record, problem)
            if change.dry_run:
                return _preview_of_all(stack, operation, task, problem)
            return await self._all(stack, call, task, change.id, ref, record)

        targets = [change.id] if change.execution_ids is None else list(change.execution_ids)
        return await self.desk.take(caller, operation, stack, targets, change, work, about=[ref, *(refs or ())])

    async def _all(
        self, stack: BackendStack, call: Call, task: Task, given: str, ref: ObjectId, record: Record
    ) -> MutationResult:
        lost: OutcomeUnknown | None = None
        receipts = TargetReceipts()
        async with answering(stack):
            try:
                await record.note_call({given: [task]})
                receipts = await call(task, None)
            except OutcomeUnknown as error:
                record.answered(error.request_id)
                lost = error
        record.request_ids.extend(receipts.request_ids)
        left = await self._read_back(stack, ref, record)
        errors: list[GatewayError] = [as_given(error, name) for name, error in receipts.refused.items()]
        if lost is not None:
            return MutationResult(outcome=MutationOutcome.UNKNOWN, task=left, errors=[lost])
        return MutationResult(outcome=MutationOutcome.REQUESTED, task=left, errors=errors)

    async def _some(
        self,
        stack: BackendStack,
        operation: Operation,
        call: Call,
        task: Task,
        given: list[str],
        refs: list[ObjectId],
        change: ReleaseExecutions,
        record: Record,
        problem: GatewayError | None,
    ) -> MutationResult:
        executions = await stack.look(lambda: stack.adapter.get_executions(refs))
        targets = []
        for text, ref, execution in zip(given, refs, executions, strict=True):
            target = Target(text)
            try:
                target.executions.append(check_identity(execution, ref, target=text, expected_fingerprint=None))
                hindrance = problem or stack.adapter.refusal(operation, target.executions[0], force=False)
                if hindrance is not None:
                    raise hindrance
            except GatewayError as error:
                target.fail(error)
            targets.append(target)
        if change.dry_run:
            return _preview_of_some(stack, operation, task, targets)
        if not all(target.decided for target in targets):
            async with answering(stack):
                await call_in_chunks(stack, operation, targets, lambda chunk: call(task, chunk), record)
                await self._conclude(stack, targets)
        results = [target.result for target in targets if target.result is not None]
        left = await self._read_back(stack, task.ref, record)
        return MutationResult(outcome=overall(results), task=left, results=results)

    async def _conclude(self, stack: BackendStack, targets: Sequence[Target]) -> None:
        waiting = [target for target in targets if not target.decided]
        refs = [target.executions[0].ref for target in waiting]
        try:
            found: Sequence[Execution | None] = (
                await stack.look(lambda: stack.adapter.get_executions(refs)) if refs else []
            )
        except GatewayError:
            found = [None] * len(waiting)
        for target, execution in zip(waiting, found, strict=True):
            conclude_release(target, execution)

    async def _read_back(self, stack: BackendStack, ref: ObjectId, record: Record) -> Task | None:
        try:
            task = await stack.look(lambda: stack.adapter.get_task(ref))
        except GatewayError:
            self.shelves.task_read(stack.name, None)
            return None
        record.after = plain(task)
        self.shelves.task_read(stack.name, task)
        return task

    def _executions(
        self, caller: Caller, operation: Operation, stack: BackendStack, task: ObjectId, ids: Sequence[str]
    ) -> list[ObjectId]:
        check_list(ids, ("executionIds",))
        refs = []
        for at, text in enumerate(ids):
            path = ("executionIds", str(at))
            other, ref = named(self.desk.backends, caller, operation, text, Kind.EXECUTION, path)
            if other is not stack or not set(task.key) <= set(ref.key):
                raise broken(path, "an execution of the task that `id` names")
            refs.append(ref)
        return refs


def _preview_of_all(
    stack: BackendStack, operation: Operation, task: Task, problem: GatewayError | None
) -> MutationResult:
    preview = Preview(
        affected=[] if problem else [task.id],
        would_refuse=[as_given(problem, task.id)] if problem else [],
        side_effects=stack.adapter.side_effects(operation, task, force=False),
    )
    return MutationResult(outcome=MutationOutcome.PREVIEWED, task=task, preview=preview)


def _preview_of_some(
    stack: BackendStack, operation: Operation, task: Task, targets: Sequence[Target]
) -> MutationResult:
    affected = [target.executions[0].id for target in targets if not target.decided]
    problems = [target.result.error for target in targets if target.result and target.result.error]
    for target in targets:
        target.decide(MutationOutcome.PREVIEWED)
    preview = Preview(
        affected=affected,
        would_refuse=problems,
        side_effects=stack.adapter.side_effects(operation, task, force=False),
    )
    results = [target.result for target in targets if target.result is not None]
    return MutationResult(outcome=MutationOutcome.PREVIEWED, task=task, results=results, preview=preview)
