"""UnsupportedUnlessOverridden: what an adapter answers to operations its vendor does not have.

An adapter derives from it and writes only what its vendor can do. Each method left alone raises UnsupportedByVendor
before any call, with the note and the alternatives that the manifest gives. What every vendor must answer for itself
(`get_task`, `get_executions`, `find_executions`, `refusal`, `check_key`, `task_ref`, `probe`, `aclose`) is not here,
so that a type checker misses it.
"""

from collections.abc import Sequence

from gateway.domain.backend import Backend
from gateway.domain.changes import Created, Receipt, TargetReceipts, TaskChange, TaskDraft
from gateway.domain.errors import UnsupportedByVendor
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task


def unsupported(backend: Backend, operation: Operation, *, target: str | None = None) -> UnsupportedByVendor:
    """The error for an operation that the vendor of `backend` does not have, in the words of its manifest."""
    capability = backend.capability(operation)
    message = f"Backend {backend.name} cannot do {operation.value}."
    if capability.note:
        message = f"{message} {capability.note}"
    elif capability.alternatives:
        message = f"{message} It has {', '.join(other.value for other in capability.alternatives)} instead."
    return UnsupportedByVendor(
        message, operation=operation, alternatives=capability.alternatives, backend=backend.name, target=target
    )


class UnsupportedUnlessOverridden:
    """The port with every optional operation refused. Derive, and override what the vendor has."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @property
    def backend(self) -> Backend:
        """Who this is and what it can do."""
        return self._backend

    def unsupported(self, operation: Operation, *, target: str | None = None) -> UnsupportedByVendor:
        """The error for an operation this vendor does not have."""
        return unsupported(self._backend, operation, target=target)

    def revived(self, task: Task) -> Task:
        """The task itself: details that make no calls have nothing to bind."""
        return task

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        """Refuse LIST_TASKS."""
        raise self.unsupported(Operation.LIST_TASKS)

    async def list_packages(self, page: PageRequest) -> Page[Package]:
        """Refuse LIST_PACKAGES."""
        raise self.unsupported(Operation.LIST_PACKAGES)

    async def get_package(self, ref: ObjectId) -> Package | None:
        """Refuse reading packages, as LIST_PACKAGES."""
        raise self.unsupported(Operation.LIST_PACKAGES, target=str(ref))

    async def list_package_tasks(self, ref: ObjectId, page: PageRequest) -> Page[Task] | None:
        """None: the vendor has no list of the tasks that use a package."""
        return None

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        """Refuse LIST_EXECUTIONS."""
        raise self.unsupported(Operation.LIST_EXECUTIONS, target=str(task))

    async def list_device_executions(self, device: ObjectId, page: PageRequest) -> Page[Execution]:
        """Refuse LIST_DEVICE_EXECUTIONS."""
        raise self.unsupported(Operation.LIST_DEVICE_EXECUTIONS, target=str(device))

    async def find_package_executions(
        self, package: ObjectId, product_key: str | None, device_names: Sequence[str]
    ) -> list[Execution]:
        """Refuse cancelling by package, as CANCEL_EXECUTION."""
        raise self._no_cancel_by_package(package)

    def check_draft(self, draft: TaskDraft) -> None:
        """Refuse CREATE_TASK."""
        raise self.unsupported(Operation.CREATE_TASK)

    def check_change(self, change: TaskChange) -> None:
        """Refuse UPDATE_TASK."""
        raise self.unsupported(Operation.UPDATE_TASK)

    def side_effects(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
        """None known."""
        return []

    async def create_task(self, draft: TaskDraft) -> Created:
        """Refuse CREATE_TASK."""
        raise self.unsupported(Operation.CREATE_TASK)

    async def update_task(self, task: Task, change: TaskChange) -> Receipt:
        """Refuse UPDATE_TASK."""
        raise self.unsupported(Operation.UPDATE_TASK, target=task.id)

    async def cancel_task(self, task: Task, *, force: bool, reason: str | None) -> Receipt:
        """Refuse CANCEL_TASK."""
        raise self.unsupported(Operation.CANCEL_TASK, target=task.id)

    async def delete_task(self, task: Task, *, force: bool) -> Receipt:
        """Refuse DELETE_TASK."""
        raise self.unsupported(Operation.DELETE_TASK, target=task.id)

    async def confirm_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Refuse CONFIRM_TASK."""
        raise self.unsupported(Operation.CONFIRM_TASK, target=task.id)

    async def retry_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Refuse RETRY_TASK."""
        raise self.unsupported(Operation.RETRY_TASK, target=task.id)

    async def cancel_executions(self, executions: Sequence[Execution], *, force: bool) -> TargetReceipts:
        """Refuse CANCEL_EXECUTION."""
        raise self.unsupported(Operation.CANCEL_EXECUTION)

    async def cancel_package_executions(
        self, package: ObjectId, product_key: str, device_names: Sequence[str]
    ) -> TargetReceipts:
        """Refuse cancelling by package, as CANCEL_EXECUTION."""
        raise self._no_cancel_by_package(package)

    async def delete_package(self, package: Package) -> Receipt:
        """Refuse DELETE_PACKAGE."""
        raise self.unsupported(Operation.DELETE_PACKAGE, target=package.id)

    async def delete_execution(self, execution: Execution, *, force: bool) -> Receipt:
        """Refuse DELETE_EXECUTION."""
        raise self.unsupported(Operation.DELETE_EXECUTION, target=execution.id)

    def execution_ref(self, thing_name: str, job_id: str, number: int) -> ObjectId:
        """Refuse native references to executions, as DELETE_EXECUTION."""
        raise self.unsupported(Operation.DELETE_EXECUTION)

    def _no_cancel_by_package(self, package: ObjectId) -> UnsupportedByVendor:
        if not self._backend.supports(Operation.CANCEL_EXECUTION):
            return self.unsupported(Operation.CANCEL_EXECUTION, target=str(package))
        return UnsupportedByVendor(
            f"Backend {self._backend.name} cannot cancel devices over all tasks of a package. "
            "Name the task, or the executions.",
            operation=Operation.CANCEL_EXECUTION,
            alternatives=(Operation.CANCEL_EXECUTION,),
            backend=self._backend.name,
            target=str(package),
        )
