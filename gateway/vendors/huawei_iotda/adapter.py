"""HuaweiIotdaAdapter: the vendor port over one IoTDA project."""

from collections.abc import Sequence

from gateway.domain.changes import Created, Receipt, TargetReceipts, TaskChange, TaskDraft
from gateway.domain.errors import GatewayError, InvalidInput, NotFound, VendorRejected
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task
from gateway.vendorkit.asked_for import check_asked_for
from gateway.vendorkit.few_at_once import few_at_once
from gateway.vendorkit.http import VendorAnswer
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden
from gateway.vendors.huawei_iotda import drafts, rules
from gateway.vendors.huawei_iotda.caller import HuaweiCaller, request_ids
from gateway.vendors.huawei_iotda.iam import TokenKeeper
from gateway.vendors.huawei_iotda.mapping import (
    execution_of,
    execution_ref,
    native_execution_statuses,
    package_of,
    task_of,
)
from gateway.vendors.huawei_iotda.settings import HuaweiIotdaSettings, IamUser
from gateway.vendors.huawei_iotda.wire import (
    SUCCESS_OF_TARGET,
    DetailRow,
    HuaweiWire,
    PackageRow,
    Paging,
    ShownTask,
    TargetResults,
    TaskRow,
)

PAGE_SIZE = 50
TARGETS_PER_CALL = 100
READS_AT_ONCE = 4


class HuaweiIotdaAdapter(UnsupportedUnlessOverridden):
    """One project. Tasks and packages are listed type after type; the continuation says which type and where in it."""

    def __init__(self, settings: HuaweiIotdaSettings, context: AdapterContext) -> None:
        super().__init__(context.backend)
        self._settings = settings
        self._now = context.now
        tokens = _token_keeper(settings, settings.iam, context) if settings.iam else None
        self._wire = HuaweiWire(HuaweiCaller(settings, context.http, tokens, context.now))

    # ------------------------------------------------------------------ reads

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        """One page of one upgrade type."""
        types = self._settings.task_types
        index, marker = _position(page.after, len(types))
        limit = min(page.size, PAGE_SIZE)
        listed = await self._wire.list_batch_tasks(types[index], limit=limit, marker=marker)
        raws = listed.batchtasks or []
        at = self._now()
        rows = [task_of(self.backend, self._wire.row("ListBatchTasks", raw, TaskRow), bytes(raw), at) for raw in raws]
        return Page(rows, _continuation(index, len(types), marker, listed.page, full=len(raws) >= limit))

    async def get_task(self, ref: ObjectId) -> Task | None:
        """The task, read with one of its devices at most."""
        try:
            shown = await self._wire.show_batch_task(ref.key[0], limit=1)
        except NotFound:
            return None
        row = self._parent(ref.key[0], shown)
        return task_of(self.backend, row, bytes(shown.batchtask), self._now())

    def _parent(self, task_id: str, shown: ShownTask) -> TaskRow:
        row = self._wire.row("ShowBatchTask", shown.batchtask, TaskRow)
        check_asked_for(self.backend, "ShowBatchTask", task_id, row.task_id)
        return row

    async def list_packages(self, page: PageRequest) -> Page[Package]:
        """One page of one package type."""
        types = self._settings.package_types
        index, marker = _position(page.after, len(types))
        limit = min(page.size, PAGE_SIZE)
        listed = await self._wire.list_ota_package_info(types[index], limit=limit, marker=marker)
        raws = listed.packages or []
        at = self._now()
        rows = [
            package_of(self.backend, self._wire.row("ListOtaPackageInfo", raw, PackageRow), bytes(raw), at, listed=True)
            for raw in raws
        ]
        return Page(rows, _continuation(index, len(types), marker, listed.page, full=len(raws) >= limit))

    async def get_package(self, ref: ObjectId) -> Package | None:
        """The package with the place of its file."""
        found = await self._show_package(ref)
        if found is None:
            return None
        row, raw = found
        return package_of(self.backend, row, raw, self._now(), listed=False)

    async def _show_package(self, ref: ObjectId) -> tuple[PackageRow, bytes] | None:
        try:
            raw = await self._wire.show_ota_package(ref.key[0])
        except NotFound:
            return None
        row = self._wire.row("ShowOtaPackage", raw, PackageRow)
        check_asked_for(self.backend, "ShowOtaPackage", ref.key[0], row.package_id)
        return row, raw

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        """One page of a task's devices, narrowed at the vendor where one native status says it."""
        native = native_execution_statuses(status) if status else []
        if status and not native and ExecutionStatus.UNKNOWN not in status:
            return Page([])
        narrowed = native[0] if status and len(native) == 1 and ExecutionStatus.UNKNOWN not in status else None
        limit = min(page.size, PAGE_SIZE)
        try:
            shown = await self._wire.show_batch_task(task.key[0], limit=limit, marker=page.after, status=narrowed)
        except NotFound:
            return Page([])
        parent = self._parent(task.key[0], shown)
        raws = shown.task_details or []
        at = self._now()
        rows = [
            execution_of(self.backend, parent, self._wire.row("ShowBatchTask", raw, DetailRow), bytes(raw), at)
            for raw in raws
        ]
        return Page(rows, _next_marker(page.after, shown.page) if len(raws) >= limit else None)

    async def get_executions(self, refs: Sequence[ObjectId]) -> list[Execution | None]:
        """One call per device: the vendor takes one target at a time."""
        keys = list(dict.fromkeys((ref.key[0], ref.key[1]) for ref in refs))
        found = dict(zip(keys, await few_at_once(self._show_execution, keys, limit=READS_AT_ONCE), strict=True))
        return [found[ref.key[0], ref.key[1]] for ref in refs]

    async def find_executions(self, task: ObjectId, device_names: Sequence[str]) -> list[Execution | None]:
        """As get_executions: a device has one execution in a task."""
        return await self.get_executions([execution_ref(self.backend, task.key[0], name) for name in device_names])

    async def _show_execution(self, key: tuple[str, str]) -> Execution | None:
        task_id, target = key
        try:
            shown = await self._wire.show_batch_task(task_id, limit=1, target=target)
        except NotFound:
            return None
        parent = self._parent(task_id, shown)
        for raw in shown.task_details or []:
            row = self._wire.row("ShowBatchTask", raw, DetailRow)
            if row.target == target:
                return execution_of(self.backend, parent, row, bytes(raw), self._now())
        return None

    # ------------------------------------------------------------------ rules

    def refusal(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
        """By the states of the operations' own texts; `force` changes nothing here."""
        if not self.backend.supports(operation):
            return self.unsupported(operation, target=subject.id)
        return rules.refusal(operation, subject, self._settings.stoppable_task_types)

    def check_draft(self, draft: TaskDraft) -> None:
        """Raise InvalidInput for what CreateBatchTask would not take."""
        drafts.check_draft(draft, self._settings.task_types)
        rules.check_schedule(draft.scheduled_at, self._now())

    def check_change(self, change: TaskChange) -> None:
        """Raise UnsupportedByVendor: a batch task cannot be changed."""
        raise self.unsupported(Operation.UPDATE_TASK)

    def check_key(self, ref: ObjectId) -> None:
        """Raise InvalidInput for a key outside the vendor's patterns."""
        rules.check_key(ref)

    def side_effects(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
        """What else happens."""
        return rules.side_effects(operation, subject)

    # ------------------------------------------------------------------ writes

    async def create_task(self, draft: TaskDraft) -> Created:
        """Create a batch task; its type is the package's unless the draft names it."""
        self.check_draft(draft)
        package_type = None
        if draft.package is not None and "task_type" not in draft.vendor_options:
            found = await self._show_package(draft.package)
            if found is None:
                raise NotFound("No such package: list the packages of this backend.", backend=self.backend.name)
            package_type = found[0].package_type
        body = drafts.body_of(draft, drafts.task_type_for(draft, package_type))
        created, answer = await self._wire.create_batch_task(body)
        return Created(native_id=created.task_id, request_ids=request_ids(answer))

    async def cancel_task(self, task: Task, *, force: bool, reason: str | None) -> Receipt:
        """Stop every device of the task that has not finished."""
        _, answer = await self._wire.stop_batch_task(task.native_id, None)
        return Receipt(request_ids=request_ids(answer))

    async def delete_task(self, task: Task, *, force: bool) -> Receipt:
        """Delete a task that has ended."""
        return Receipt(request_ids=request_ids(await self._wire.delete_batch_task(task.native_id)))

    async def confirm_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Let waiting devices begin."""
        targets = None if executions is None else _targets(executions)
        return self._receipts(*await self._wire.confirm_batch_task(task.native_id, targets))

    async def retry_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Try failed and stopped devices again."""
        targets = None if executions is None else _targets(executions)
        return self._receipts(*await self._wire.retry_batch_task(task.native_id, targets))

    async def cancel_executions(self, executions: Sequence[Execution], *, force: bool) -> TargetReceipts:
        """Stop these devices in their task."""
        targets = _targets(executions)
        return self._receipts(*await self._wire.stop_batch_task(executions[0].ref.key[0], targets))

    async def delete_package(self, package: Package) -> Receipt:
        """Delete the record of the package; its OBS object stays."""
        return Receipt(request_ids=request_ids(await self._wire.delete_ota_package(package.native_id)))

    def _receipts(self, results: TargetResults, answer: VendorAnswer) -> TargetReceipts:
        refused: dict[str, GatewayError] = {
            result.target: VendorRejected(
                f"Huawei IoTDA refused device {result.target}.",
                http_status=answer.status,
                vendor_code=result.error_code,
                vendor_message=result.error_msg,
                request_id=next(iter(request_ids(answer)), None),
                backend=self.backend.name,
                target=result.target,
            )
            for result in results.targets or []
            if result.target and (result.status or "").lower() != SUCCESS_OF_TARGET
        }
        return TargetReceipts(refused=refused, request_ids=request_ids(answer))

    # ------------------------------------------------------------------ keys and life

    def task_ref(self, native_id: str) -> ObjectId:
        """The id of the task with this task_id."""
        return ObjectId(Kind.TASK, self.backend.name, (native_id,))

    async def probe(self) -> None:
        """List one task."""
        await self._wire.list_batch_tasks(self._settings.task_types[0], limit=1)

    async def aclose(self) -> None:
        """Nothing to let go of: the connections belong to whoever made the client."""


def _token_keeper(settings: HuaweiIotdaSettings, user: IamUser, context: AdapterContext) -> TokenKeeper:
    http = context.http_for(user.endpoint or f"https://iam.{settings.region}.myhuaweicloud.com")
    return TokenKeeper(http, user, region=settings.region, now=context.now)


def _targets(executions: Sequence[Execution]) -> list[str]:
    names = list(dict.fromkeys(execution.device.name for execution in executions))
    rule = f"1 to {TARGETS_PER_CALL} executions of one task"
    if not 1 <= len(names) <= TARGETS_PER_CALL or len({execution.ref.key[0] for execution in executions}) > 1:
        raise InvalidInput(f"One call takes {rule}.", path=("executionIds",), rule=rule)
    return names


def _position(after: str | None, types: int) -> tuple[int, str | None]:
    if after is None:
        return 0, None
    index, _, marker = after.partition(":")
    if not index.isdecimal() or int(index) >= types:
        rule = "a continuation of this list as it is configured now; begin again"
        raise InvalidInput("This cursor no longer fits.", path=("after",), rule=rule)
    return int(index), marker or None


def _continuation(index: int, types: int, marker: str | None, paging: Paging | None, *, full: bool) -> str | None:
    following = _next_marker(marker, paging) if full else None
    if following is not None:
        return f"{index}:{following}"
    return f"{index + 1}:" if index + 1 < types else None


def _next_marker(marker: str | None, paging: Paging | None) -> str | None:
    # A marker that stays where it was would make the walk endless.
    found = paging.marker if paging else None
    return found if found and found != marker else None
