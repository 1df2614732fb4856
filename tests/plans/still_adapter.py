"""StillAdapter: a vendor in memory whose data stands still, that fails where it is told to, and takes its turns.

What it answers depends on nothing but its rows and what was asked, so that two worlds that are asked the same answer
the same. How many turns of the event loop a call takes follows from its name: calls overlap, always in the same way.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from zlib import crc32

from gateway.domain.backend import Backend
from gateway.domain.changes import Created, Receipt, TargetReceipts, TaskChange, TaskDraft
from gateway.domain.errors import GatewayError, InvalidInput, InvalidState, NotFound, VendorRejected
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus, TaskStatus
from gateway.domain.task import Task
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden
from tests.plans.rows import LACKED_EXECUTION, LACKED_PACKAGE, LACKED_TASK, a_task, bare_of

Row = TypeVar("Row")
_LIVE = (TaskStatus.IN_PROGRESS, TaskStatus.SCHEDULED, TaskStatus.PENDING, TaskStatus.READY, TaskStatus.PAUSED)
_LONGEST = 40


@dataclass(slots=True)
class Shelf:
    """A backend's rows by key, and how calls fail: by (method, last part of the key), or (method, "") for all."""

    tasks: dict[tuple[str, ...], Task] = field(default_factory=dict)
    packages: dict[tuple[str, ...], Package] = field(default_factory=dict)
    executions: dict[tuple[str, ...], Execution] = field(default_factory=dict)
    faults: dict[tuple[str, str], Callable[[], BaseException | None]] = field(default_factory=dict)
    lacking: bool = False

    def copy(self) -> "Shelf":
        """A shelf of its own over the same rows."""
        return replace(self, tasks=dict(self.tasks), packages=dict(self.packages), executions=dict(self.executions))


class StillAdapter(UnsupportedUnlessOverridden):
    """One backend over a shelf."""

    def __init__(self, backend: Backend, shelf: Shelf) -> None:
        super().__init__(backend)
        self._shelf = shelf

    async def _call(self, method: str, *about: str) -> bool:
        """Take some turns, then fail if that is to be. False: the object is gone."""
        for _ in range(crc32(f"{method}{about}".encode()) % 4):
            await asyncio.sleep(0)
        last = about[-1] if about else ""
        fault = self._shelf.faults.get((method, last)) or self._shelf.faults.get((method, ""))
        if fault is None and self._shelf.faults.get(("", "")) is not None:
            fault = self._shelf.faults["", ""]
        if fault is None:
            return True
        problem = fault()
        if problem is not None:
            raise problem
        return False

    def _lacked(self, row: Row, names: frozenset[str]) -> Row:
        return bare_of(row, names) if self._shelf.lacking else row

    # ------------------------------------------------------------------ reads

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        await self._call("list_tasks", str(page.after))
        shown = [task for key, task in self._shelf.tasks.items() if not key[0].startswith(("hidden", "refuses"))]
        return _page([self._lacked(task, LACKED_TASK) for task in shown], page)

    async def get_task(self, ref: ObjectId) -> Task | None:
        there = await self._call("get_task", *ref.key)
        return self._shelf.tasks.get(ref.key) if there else None

    async def list_packages(self, page: PageRequest) -> Page[Package]:
        await self._call("list_packages", str(page.after))
        return _page([self._lacked(one, LACKED_PACKAGE) for one in self._shelf.packages.values()], page)

    async def get_package(self, ref: ObjectId) -> Package | None:
        there = await self._call("get_package", *ref.key)
        return self._shelf.packages.get(ref.key) if there else None

    async def list_package_tasks(self, ref: ObjectId, page: PageRequest) -> Page[Task] | None:
        if self._shelf.lacking:
            return None
        await self._call("list_package_tasks", *ref.key)
        return _page([one for one in self._shelf.tasks.values() if one.package_ref == ref], page)

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        await self._call("list_executions", *task.key)
        rows = [one for one in self._of_task(task) if not one.device.name.startswith("hidden")]
        return _page([self._lacked(one, LACKED_EXECUTION) for one in rows], page)

    async def list_device_executions(self, device: ObjectId, page: PageRequest) -> Page[Execution]:
        await self._call("list_device_executions", *device.key)
        rows = [one for one in self._shelf.executions.values() if one.device.name == device.key[-1]]
        return _page([self._lacked(one, LACKED_EXECUTION) for one in rows], page)

    async def get_executions(self, refs: Sequence[ObjectId]) -> list[Execution | None]:
        there = [await self._call("get_execution", *ref.key) for ref in refs]
        return [self._shelf.executions.get(ref.key) if one else None for ref, one in zip(refs, there, strict=True)]

    async def find_executions(self, task: ObjectId, device_names: Sequence[str]) -> list[Execution | None]:
        await self._call("find_executions", *task.key)
        by_name = {one.device.name: one for one in self._of_task(task)}
        return [by_name.get(name) for name in device_names]

    async def find_package_executions(
        self, package: ObjectId, product_key: str | None, device_names: Sequence[str]
    ) -> list[Execution]:
        await self._call("find_package_executions", *package.key)
        users = {task.ref.key for task in self._shelf.tasks.values() if task.package_ref == package}
        rows = self._shelf.executions.values()
        return [one for one in rows if one.task_ref and one.task_ref.key in users and one.device.name in device_names]

    def _of_task(self, task: ObjectId) -> list[Execution]:
        return [one for one in self._shelf.executions.values() if one.task_ref and one.task_ref.key == task.key]

    # ------------------------------------------------------------------ rules

    def refusal(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
        if subject.ref.key[0] == "refuses":
            raise RuntimeError("this rule has a bug")
        live = subject.status in _LIVE or subject.status in (ExecutionStatus.QUEUED, ExecutionStatus.IN_PROGRESS)
        deleting = operation in (Operation.DELETE_TASK, Operation.DELETE_EXECUTION)
        if deleting and live and not force:
            return InvalidState("It still runs.", vendor_status=subject.vendor_status, needs_force=True)
        if not deleting and operation is not Operation.DELETE_PACKAGE and not live:
            return InvalidState("It does not run.", vendor_status=subject.vendor_status)
        return None

    def check_draft(self, draft: TaskDraft) -> None:
        if draft.name is not None and len(draft.name) > _LONGEST:
            raise InvalidInput("The name is too long.", path=("name",), rule=f"at most {_LONGEST} characters")

    def check_change(self, change: TaskChange) -> None:
        if change.description == "":
            raise InvalidInput("The description is empty.", path=("description",), rule="a text")

    def check_key(self, ref: ObjectId) -> None:
        if any(len(part) > _LONGEST or "!" in part for part in ref.key):
            raise InvalidInput("No such key.", path=("id",), rule=f"at most {_LONGEST} characters, no !")
        if ref.kind is Kind.DEVICE and self.backend.name == "bare" and len(ref.key) != 2:
            raise InvalidInput("Name the product.", path=("productKey",), rule="a product key")

    def side_effects(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
        return [f"{operation.value} leaves the file where it is.", *(["It is forced."] if force else [])]

    # ------------------------------------------------------------------ writes

    async def create_task(self, draft: TaskDraft) -> Created:
        await self._call("create_task", draft.name or "")
        key = f"new{len(self._shelf.tasks)}"
        row = a_task(self.backend, key, 3, name=draft.name or key, description=draft.description)
        self._shelf.tasks[row.ref.key] = row
        return Created(native_id=key, request_ids=("r-1",))

    async def update_task(self, task: Task, change: TaskChange) -> Receipt:
        await self._call("update_task", *task.ref.key)
        self._shelf.tasks[task.ref.key] = replace(task, description=change.description)
        return Receipt(request_ids=("r-2", "r-3"))

    async def cancel_task(self, task: Task, *, force: bool, reason: str | None) -> Receipt:
        await self._call("cancel_task", *task.ref.key)
        self._shelf.tasks[task.ref.key] = replace(task, status=TaskStatus.CANCELED, vendor_status="canceled")
        return Receipt()

    async def delete_task(self, task: Task, *, force: bool) -> Receipt:
        await self._call("delete_task", *task.ref.key)
        if self._shelf.tasks.pop(task.ref.key, None) is None:
            raise NotFound("There is no such task.")
        return Receipt(request_ids=("r-4",))

    async def confirm_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        await self._call("confirm_executions", *task.ref.key)
        return self._move(self._of_task(task.ref) if executions is None else executions, ExecutionStatus.IN_PROGRESS)

    async def retry_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        await self._call("retry_executions", *task.ref.key)
        return self._move(self._of_task(task.ref) if executions is None else executions, ExecutionStatus.QUEUED)

    async def cancel_executions(self, executions: Sequence[Execution], *, force: bool) -> TargetReceipts:
        await self._call("cancel_executions", *executions[0].ref.key)
        return self._move(executions, ExecutionStatus.CANCELED)

    async def cancel_package_executions(
        self, package: ObjectId, product_key: str, device_names: Sequence[str]
    ) -> TargetReceipts:
        await self._call("cancel_package_executions", *package.key)
        found = await self.find_package_executions(package, product_key, device_names)
        return self._move(found, ExecutionStatus.CANCELED)

    async def delete_package(self, package: Package) -> Receipt:
        await self._call("delete_package", *package.ref.key)
        self._shelf.packages.pop(package.ref.key, None)
        return Receipt(request_ids=("r-5",))

    async def delete_execution(self, execution: Execution, *, force: bool) -> Receipt:
        await self._call("delete_execution", *execution.ref.key)
        self._shelf.executions.pop(execution.ref.key, None)
        return Receipt()

    def _move(self, executions: Sequence[Execution], status: ExecutionStatus) -> TargetReceipts:
        refused: dict[str, GatewayError] = {}
        for one in executions:
            if one.device.name == "d1":
                refused[one.device.name] = VendorRejected(
                    "Not this one.", http_status=409, vendor_code="BUSY", vendor_message="busy", request_id="r-6"
                )
            else:
                self._shelf.executions[one.ref.key] = replace(one, status=status, vendor_status=status.value)
        return TargetReceipts(refused=refused, request_ids=("r-7",))

    # ------------------------------------------------------------------ keys and life

    def task_ref(self, native_id: str) -> ObjectId:
        return ObjectId(Kind.TASK, self.backend.name, (native_id,))

    def execution_ref(self, thing_name: str, job_id: str, number: int) -> ObjectId:
        return ObjectId(Kind.EXECUTION, self.backend.name, (thing_name, job_id))

    async def probe(self) -> None:
        await self._call("probe")

    async def aclose(self) -> None:
        return None


def _page(rows: list[Row], page: PageRequest) -> Page[Row]:
    start = int(page.after or 0)
    end = start + page.size
    return Page(rows[start:end], str(end) if end < len(rows) else None)
