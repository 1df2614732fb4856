"""deleteOtaTask, deleteOtaPackage, deleteJobExecution."""

from dataclasses import dataclass

from gateway.backends.stack import BackendStack
from gateway.domain.errors import GatewayError, GenerationChanged, InUse, InvalidInput, NotFound
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.services.caller import Caller
from gateway.services.input_rules import check_change, exactly_one
from gateway.services.inputs import DeleteExecution, DestroyObject, ExecutionRef
from gateway.services.mutations.desk import Desk, refused
from gateway.services.mutations.destroying import Deletion, delete_one
from gateway.services.mutations.identity import named
from gateway.services.mutations.record import Record
from gateway.services.package_users import PackageUsers
from gateway.services.shelves import Shelves

_GONE = (MutationOutcome.DONE, MutationOutcome.REQUESTED)


@dataclass(frozen=True, slots=True)
class Deletions:
    """Deleting one task, package or execution."""

    desk: Desk
    shelves: Shelves
    users: PackageUsers

    async def task(self, caller: Caller, change: DestroyObject) -> MutationResult:
        """Delete a task. REQUESTED while the vendor takes its time."""
        try:
            check_change(change)
            stack, ref = named(self.desk.backends, caller, Operation.DELETE_TASK, change.id, Kind.TASK, ("id",))
        except (InvalidInput, NotFound) as error:
            return refused(error)
        deletion: Deletion[Task] = Deletion(
            operation=Operation.DELETE_TASK,
            target=change.id,
            asked=ref,
            force=change.force,
            expected_fingerprint=change.expected_fingerprint,
            look=lambda: stack.look(lambda: stack.adapter.get_task(ref)),
            delete=lambda task: stack.adapter.delete_task(task, force=change.force),
        )

        async def work(record: Record) -> MutationResult:
            result = await delete_one(stack, deletion, change, record)
            if result.outcome in _GONE and result.deleted_id is not None:
                self._show_deleted_task(stack, ref, record)
            return result

        return await self.desk.take(caller, Operation.DELETE_TASK, stack, [change.id], change, work, about=[ref])

    async def package(self, caller: Caller, change: DestroyObject) -> MutationResult:
        """Delete exactly this package unless live tasks use it; `force` skips that check, never one of the vendor's."""
        try:
            check_change(change)
            stack, ref = named(self.desk.backends, caller, Operation.DELETE_PACKAGE, change.id, Kind.PACKAGE, ("id",))
        except (InvalidInput, NotFound) as error:
            return refused(error)

        async def in_use(package: Package) -> GatewayError | None:
            return None if change.force else await self._in_use(stack, package)

        deletion: Deletion[Package] = Deletion(
            operation=Operation.DELETE_PACKAGE,
            target=change.id,
            asked=ref,
            force=False,
            expected_fingerprint=change.expected_fingerprint,
            look=lambda: stack.look(lambda: stack.adapter.get_package(ref)),
            delete=stack.adapter.delete_package,
            hindrance=in_use,
        )

        async def work(record: Record) -> MutationResult:
            result = await delete_one(stack, deletion, change, record)
            if result.outcome in _GONE and result.deleted_id is not None:
                self.shelves.packages[stack.name].drop(ref)
            return result

        return await self.desk.take(caller, Operation.DELETE_PACKAGE, stack, [change.id], change, work, about=[ref])

    async def execution(self, caller: Caller, change: DeleteExecution) -> MutationResult:
        """Delete exactly this execution, by its id or by the names AWS gives it."""
        try:
            check_change(change)
            exactly_one(change.id, change.execution, ("id", "execution"), ())
            if change.execution is not None:
                (stack, key), target = self._native(caller, change.execution), _native_target(change.execution)
            else:
                stack, ref = named(
                    self.desk.backends, caller, Operation.DELETE_EXECUTION, change.id or "", Kind.EXECUTION, ("id",)
                )
                key, target = ref, change.id or ""
        except (InvalidInput, NotFound) as error:
            return refused(error)

        async def work(record: Record) -> MutationResult:
            asked = ref if change.execution is None else await self._resolve(stack, change.execution, target, record)
            if isinstance(asked, MutationResult):
                return asked

            async def look() -> Execution | None:
                (found,) = await stack.look(lambda: stack.adapter.get_executions([asked]))
                return found

            deletion: Deletion[Execution] = Deletion(
                operation=Operation.DELETE_EXECUTION,
                target=target,
                asked=asked,
                force=change.force,
                expected_fingerprint=change.expected_fingerprint,
                look=look,
                delete=lambda found: stack.adapter.delete_execution(found, force=change.force),
            )
            return await delete_one(stack, deletion, change, record)

        about = [] if key is None else [key]
        return await self.desk.take(caller, Operation.DELETE_EXECUTION, stack, [target], change, work, about=about)

    async def _resolve(
        self, stack: BackendStack, native: ExecutionRef, target: str, record: Record
    ) -> ObjectId | MutationResult:
        """The id of what a native reference names now; refused when we have deleted what it may have meant."""
        key = stack.adapter.execution_ref(native.thing_name, native.job_id, native.execution_number)
        deleted_before = await record.ledger.tombstones_at(key)
        (found,) = await stack.look(lambda: stack.adapter.get_executions([key]))
        if found is None:
            if deleted_before:
                return MutationResult(outcome=MutationOutcome.ALREADY_DELETED, deleted_id=str(deleted_before[0].ref))
            raise NotFound("The vendor has no such execution.", backend=stack.name, target=target)
        if deleted_before:
            raise GenerationChanged(
                "An execution under this number was deleted before, and another stands there now. Name the new one by "
                "its id if it is what you mean.",
                expected=str(deleted_before[0].ref),
                found=found.id,
                backend=stack.name,
                target=target,
            )
        return found.ref

    def _native(self, caller: Caller, native: ExecutionRef) -> tuple[BackendStack, ObjectId | None]:
        """The backend and key of a native reference; no key where the vendor has no such references."""
        stack = self.desk.backends.named(
            caller, native.backend, Operation.DELETE_EXECUTION, path=("execution", "backend")
        )
        if not stack.backend.supports(Operation.DELETE_EXECUTION):
            return stack, None
        try:
            key = stack.adapter.execution_ref(native.thing_name, native.job_id, native.execution_number)
            stack.adapter.check_key(key)
        except InvalidInput as error:
            path = ("execution", *error.path)
            raise InvalidInput(error.message, path=path, rule=error.rule, backend=stack.name) from None
        return stack, key

    async def _in_use(self, stack: BackendStack, package: Package) -> GatewayError | None:
        users = await self.users.live(stack, package)
        if not users.tasks and users.missing is None:
            return None
        if users.tasks:
            message = f"{len(users.tasks)} live tasks use this package. Cancel them first, or pass force: true."
        else:
            message = (
                "Whether live tasks use this package could not be found out in time. Raise the backend's timeout, or "
                "pass force: true if you know that none does."
            )
        return InUse(
            message, used_by=[task.id for task in users.tasks], complete=users.missing is None, backend=stack.name
        )

    def _show_deleted_task(self, stack: BackendStack, ref: ObjectId, record: Record) -> None:
        self.shelves.task_deleted(ref)
        if isinstance(record.left, Task):
            self.shelves.tasks[stack.name].put(record.left)
        else:
            self.shelves.tasks[stack.name].drop(ref)


def _native_target(native: ExecutionRef) -> str:
    return f"{native.thing_name}/{native.job_id}/{native.execution_number}"
