"""VendorAdapter: what the gateway asks of a vendor. Services know vendors only through this.

Rules that every adapter keeps:

- Reads return None for what does not exist and raise a GatewayError for what could not be asked.
- A write that surely did not reach the vendor raises BackendUnavailable or Throttled; one that may have raises
  OutcomeUnknown. No adapter repeats a write.
- An operation its manifest calls NONE raises UnsupportedByVendor before any call.
- A value the vendor sends and no table knows becomes UNKNOWN and is counted. Nothing is invented.
- Adapters do not look at generations; the services compare what was asked for with what was found.
"""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.backend import Backend
from gateway.domain.changes import Created, Receipt, TargetReceipts, TaskChange, TaskDraft
from gateway.domain.errors import GatewayError
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task


class VendorAdapter(Protocol):
    """One backend, asked in neutral words."""

    @property
    def backend(self) -> Backend:
        """Who this is and what it can do."""
        ...

    # ------------------------------------------------------------------ reads

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        """One page of all tasks, in whatever order the vendor has. A fan-out is folded into the continuation."""
        ...

    async def get_task(self, ref: ObjectId) -> Task | None:
        """The whole task, nothing lacking; None when it does not exist."""
        ...

    async def list_packages(self, page: PageRequest) -> Page[Package]:
        """One page of all packages."""
        ...

    async def get_package(self, ref: ObjectId) -> Package | None:
        """The whole package, nothing lacking; None when it does not exist."""
        ...

    async def list_package_tasks(self, ref: ObjectId, page: PageRequest) -> Page[Task] | None:
        """One page of the tasks that use a package where the vendor lists them so; else None, without a call."""
        ...

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        """One page of a task's executions. `status` is a hint to narrow at the vendor; rows beyond it may come."""
        ...

    async def list_device_executions(self, device: ObjectId, page: PageRequest) -> Page[Execution]:
        """One page of a device's executions over all tasks."""
        ...

    async def get_executions(self, refs: Sequence[ObjectId]) -> list[Execution | None]:
        """Executions by id, whole, in the order asked, in as few calls as possible; None for what does not exist."""
        ...

    async def find_executions(self, task: ObjectId, device_names: Sequence[str]) -> list[Execution | None]:
        """The present execution of each device in a task, in the order asked; None where it has no part in it."""
        ...

    async def find_package_executions(
        self, package: ObjectId, product_key: str | None, device_names: Sequence[str]
    ) -> list[Execution]:
        """Every unfinished execution of these devices in any task of a package. Only where cancel by package exists."""
        ...

    # ------------------------------------------------------------------ rules

    def refusal(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
        """Why the vendor would refuse `operation` on `subject` as it stands, or None. Asks nobody."""
        ...

    def check_draft(self, draft: TaskDraft) -> None:
        """Raise InvalidInput, with the path inside the input (such as ("targets", "3")), for what breaks its rules."""
        ...

    def check_change(self, change: TaskChange) -> None:
        """Raise InvalidInput for a description or configuration id outside the vendor's lengths and patterns."""
        ...

    def check_key(self, ref: ObjectId) -> None:
        """Raise InvalidInput when the parts of a native key are outside the vendor's lengths and patterns."""
        ...

    def side_effects(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
        """What else happens, in plain sentences for a preview and the audit, such as that a stored file stays."""
        ...

    # ------------------------------------------------------------------ writes

    async def create_task(self, draft: TaskDraft) -> Created:
        """Create a task."""
        ...

    async def update_task(self, task: Task, change: TaskChange) -> Receipt:
        """Change a task. `task` was read just before; where the vendor replaces the whole, it is merged in."""
        ...

    async def cancel_task(self, task: Task, *, force: bool, reason: str | None) -> Receipt:
        """Cancel what of a task has not finished, as far as the vendor goes."""
        ...

    async def delete_task(self, task: Task, *, force: bool) -> Receipt:
        """Delete a task; the vendor may take its time."""
        ...

    async def confirm_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Let waiting devices go on: these, at most `max_targets`, or all of the task when None."""
        ...

    async def retry_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Try failed devices again: these, at most `max_targets`, or all of the task when None."""
        ...

    async def cancel_executions(self, executions: Sequence[Execution], *, force: bool) -> TargetReceipts:
        """Cancel these executions of one task in one vendor call: at least one, at most `max_targets`."""
        ...

    async def cancel_package_executions(
        self, package: ObjectId, product_key: str, device_names: Sequence[str]
    ) -> TargetReceipts:
        """Cancel these devices in every task of a package, in one vendor call."""
        ...

    async def delete_package(self, package: Package) -> Receipt:
        """Delete exactly this package."""
        ...

    async def delete_execution(self, execution: Execution, *, force: bool) -> Receipt:
        """Delete exactly this execution."""
        ...

    # ------------------------------------------------------------------ keys and life

    def task_ref(self, native_id: str) -> ObjectId:
        """The id, without generation, of the task with this native id."""
        ...

    def execution_ref(self, thing_name: str, job_id: str, number: int) -> ObjectId:
        """The id, without generation, of a native reference. Raises UnsupportedByVendor where there is none."""
        ...

    def revived(self, task: Task) -> Task:
        """A task that another process read, with the calls that its details make bound again."""
        ...

    async def probe(self) -> None:
        """One cheap authenticated read, for `ota-gateway check`. Raises what stands in the way."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
