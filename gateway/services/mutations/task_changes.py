"""createOtaTask, updateOtaTask, cancelOtaTask."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from gateway.backends.stack import BackendStack
from gateway.domain.changes import Receipt, TaskChange, TaskDraft
from gateway.domain.errors import GatewayError, InvalidInput, NotFound, OutcomeUnknown, VendorRejected
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.services.caller import Caller
from gateway.services.input_rules import broken, check_change, check_list
from gateway.services.inputs import CreateTask, DestroyObject, UpdateTask
from gateway.services.mutations.desk import Desk, answering, refused
from gateway.services.mutations.identity import as_given, check_identity, named, refuse_deleted
from gateway.services.mutations.plain import plain
from gateway.services.mutations.record import Record
from gateway.services.shelves import Shelves


@dataclass(frozen=True, slots=True)
class TaskChanges:
    """Creating, changing and cancelling whole tasks."""

    desk: Desk
    shelves: Shelves

    async def create(self, caller: Caller, change: CreateTask) -> MutationResult:
        """Create a task. A lost answer is UNKNOWN: a second try could make a second task."""
        try:
            check_change(change)
            stack = self.desk.backends.named(caller, change.backend, Operation.CREATE_TASK, path=("backend",))
            if change.targets or not change.vendor_options:
                # Some vendors take a group or a query among their options instead; their own rules decide then.
                check_list(change.targets, ("targets",))
            draft = self._draft(caller, stack, change)
            if stack.backend.supports(Operation.CREATE_TASK):
                stack.adapter.check_draft(draft)
        except (InvalidInput, NotFound) as error:
            return refused(error)

        async def work(record: Record) -> MutationResult:
            await record.note_before(None)
            if change.dry_run:
                return MutationResult(outcome=MutationOutcome.PREVIEWED, preview=Preview())
            try:
                await record.note_call({}, native_id=change.name if stack.manifest.names_are_task_ids else None)
                async with answering(stack):
                    created = await stack.adapter.create_task(draft)
            except OutcomeUnknown as error:
                record.answered(error.request_id)
                self.shelves.task_read(stack.name, None)
                return MutationResult(outcome=MutationOutcome.UNKNOWN, errors=[error])
            record.request_ids.extend(created.request_ids)
            ref = stack.adapter.task_ref(created.native_id)
            task = await self._read_back(stack, ref, record)
            outcome = MutationOutcome.REQUESTED if task is None else MutationOutcome.DONE
            return MutationResult(outcome=outcome, task=task)

        return await self.desk.take(caller, Operation.CREATE_TASK, stack, list(change.targets), change, work)

    async def update(self, caller: Caller, change: UpdateTask) -> MutationResult:
        """Change a task's description or configuration."""
        wanted = TaskChange(description=change.description, task_configuration_id=change.task_configuration_id)
        try:
            check_change(change)
            if wanted == TaskChange():
                raise broken(
                    ("description",), "description, taskConfigurationId, or both: else there is nothing to change"
                )
            stack, ref = named(self.desk.backends, caller, Operation.UPDATE_TASK, change.id, Kind.TASK, ("id",))
            if stack.backend.supports(Operation.UPDATE_TASK):
                stack.adapter.check_change(wanted)
        except (InvalidInput, NotFound) as error:
            return refused(error)

        async def work(record: Record) -> MutationResult:
            task = await self._found(stack, ref, change.id, change.expected_fingerprint, record)
            problem = stack.adapter.refusal(Operation.UPDATE_TASK, task, force=False)
            if change.dry_run or problem is not None:
                return _decided_early(stack, Operation.UPDATE_TASK, task, problem, change.id, dry_run=change.dry_run)
            return await self._call(
                stack,
                ref,
                record,
                lambda: stack.adapter.update_task(task, wanted),
                lambda left: _shows(left, wanted),
                lambda: record.note_call({change.id: [task]}, **asdict(wanted)),
            )

        return await self.desk.take(caller, Operation.UPDATE_TASK, stack, [change.id], change, work, about=[ref])

    async def cancel(self, caller: Caller, change: DestroyObject) -> MutationResult:
        """Cancel what of a task has not finished. DONE when the vendor shows it cancelled, REQUESTED until then."""
        try:
            check_change(change)
            stack, ref = named(self.desk.backends, caller, Operation.CANCEL_TASK, change.id, Kind.TASK, ("id",))
        except (InvalidInput, NotFound) as error:
            return refused(error)

        async def work(record: Record) -> MutationResult:
            task = await self._found(stack, ref, change.id, change.expected_fingerprint, record)
            if task.status is TaskStatus.CANCELED and not change.dry_run:
                return MutationResult(outcome=MutationOutcome.ALREADY_DONE, task=task)
            problem = stack.adapter.refusal(Operation.CANCEL_TASK, task, force=change.force)
            if change.dry_run or problem is not None:
                return _decided_early(
                    stack, Operation.CANCEL_TASK, task, problem, change.id, force=change.force, dry_run=change.dry_run
                )
            return await self._call(
                stack,
                ref,
                record,
                lambda: stack.adapter.cancel_task(task, force=change.force, reason=change.reason),
                lambda left: left.status is TaskStatus.CANCELED,
                lambda: record.note_call({change.id: [task]}),
            )

        return await self.desk.take(caller, Operation.CANCEL_TASK, stack, [change.id], change, work, about=[ref])

    async def _found(
        self, stack: BackendStack, ref: ObjectId, target: str, expected: str | None, record: Record
    ) -> Task:
        try:
            await refuse_deleted(record.ledger, ref, target)
            found = await stack.look(lambda: stack.adapter.get_task(ref))
            task = check_identity(found, ref, target=target, expected_fingerprint=expected)
        except GatewayError as error:
            raise as_given(error, target) from None
        await record.note_before(plain(task))
        return task

    async def _call(
        self,
        stack: BackendStack,
        ref: ObjectId,
        record: Record,
        call: Callable[[], Awaitable[Receipt]],
        seen: Callable[[Task], bool],
        note: Callable[[], Awaitable[None]],
    ) -> MutationResult:
        lost: OutcomeUnknown | None = None
        try:
            await note()
            async with answering(stack):
                receipt = await call()
            record.request_ids.extend(receipt.request_ids)
        except OutcomeUnknown as error:
            record.answered(error.request_id)
            lost = error
        except VendorRejected as error:
            record.answered(error.request_id)
            return MutationResult(outcome=MutationOutcome.FAILED, errors=[error])
        task = await self._read_back(stack, ref, record)
        if task is not None and seen(task):
            return MutationResult(outcome=MutationOutcome.DONE, task=task)
        if lost is not None:
            return MutationResult(outcome=MutationOutcome.UNKNOWN, task=task, errors=[lost])
        return MutationResult(outcome=MutationOutcome.REQUESTED, task=task)

    async def _read_back(self, stack: BackendStack, ref: ObjectId, record: Record) -> Task | None:
        try:
            task = await stack.look(lambda: stack.adapter.get_task(ref))
        except GatewayError:
            self.shelves.task_read(stack.name, None)
            return None
        record.after = plain(task)
        self.shelves.task_read(stack.name, task)
        return task

    def _draft(self, caller: Caller, stack: BackendStack, change: CreateTask) -> TaskDraft:
        package = None
        if change.package_id is not None:
            owner, package = named(
                self.desk.backends, caller, Operation.CREATE_TASK, change.package_id, Kind.PACKAGE, ("packageId",)
            )
            if owner is not stack:
                raise broken(("packageId",), "a package of the backend that the task is created in")
        options = {} if change.vendor_options is None else change.vendor_options
        if not isinstance(options, dict):
            raise broken(("vendorOptions",), "a JSON object")
        return TaskDraft(
            targets=tuple(change.targets),
            name=change.name,
            description=change.description,
            package=package,
            product_key=change.product_key,
            document=change.document,
            s3_url=change.s3_url,
            task_configuration_id=change.task_configuration_id,
            scheduled_at=change.scheduled_at,
            vendor_options=options,
        )


def _decided_early(
    stack: BackendStack,
    operation: Operation,
    task: Task,
    problem: GatewayError | None,
    target: str,
    *,
    dry_run: bool,
    force: bool = False,
) -> MutationResult:
    """A dry run's preview, or a refusal."""
    problems = [] if problem is None else [as_given(problem, target)]
    if not dry_run:
        return refused(*problems)
    preview = Preview(
        affected=[] if problems else [task.id],
        would_refuse=problems,
        side_effects=stack.adapter.side_effects(operation, task, force=force),
    )
    return MutationResult(outcome=MutationOutcome.PREVIEWED, task=task, preview=preview)


def _shows(task: Task, wanted: TaskChange) -> bool:
    """Whether a task reads as asked. A configuration id stands in vendor details only, so the call's yes counts."""
    return wanted.description is None or task.description == wanted.description
