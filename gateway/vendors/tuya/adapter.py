"""TuyaAdapter: the vendor port over one Tuya instance."""

from collections.abc import Callable, Sequence

from gateway.domain.changes import Created, Receipt, TargetReceipts, TaskChange, TaskDraft
from gateway.domain.errors import BackendUnavailable, GatewayError, InvalidInput, InvalidState, NotFound
from gateway.domain.execution import Execution
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task
from gateway.vendorkit.asked_for import check_asked_for
from gateway.vendorkit.few_at_once import few_at_once
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden
from gateway.vendors.tuya import drafts, rules
from gateway.vendors.tuya.caller import TuyaCaller, new_nonce
from gateway.vendors.tuya.mapping import EXECUTION_STATUS, execution_of, package_of, task_of
from gateway.vendors.tuya.paging import Numbered, PackageWalk, stale_continuation
from gateway.vendors.tuya.settings import TuyaSettings
from gateway.vendors.tuya.wire import DeviceTaskRow, JobRow, NumberedPage, Read, TuyaWire

TASK_PAGE = 200
PACKAGE_PAGE = 100
EXECUTION_PAGE = 100
NAMES_PER_CALL = 50
CONFIRMED_PER_CALL = 10
READS_AT_ONCE = 4
# Few enough for their ids to stand in a cursor.
WALKED_PACKAGES = 50


class TuyaAdapter(UnsupportedUnlessOverridden):
    """One instance. Tuya lists batches only per package, so listing tasks walks the packages."""

    def __init__(
        self, settings: TuyaSettings, context: AdapterContext, *, nonce: Callable[[], str] = new_nonce
    ) -> None:
        super().__init__(context.backend)
        self._products: tuple[str | None, ...] = settings.product_keys or (None,)
        self._now = context.now
        self._wire = TuyaWire(TuyaCaller(settings, context.http, context.now, nonce))

    # ------------------------------------------------------------------ reads

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        """One page of one package's batches; packages are read as the walk reaches them."""
        walk = PackageWalk.of(page, TASK_PAGE)
        if walk.product >= len(self._products) or not (walk.packages or walk.next_page):
            raise stale_continuation()
        if not walk.packages:
            product_key = self._products[walk.product]
            listed = await self._wire.list_ota_firmware(
                page=walk.next_page, size=WALKED_PACKAGES, product_key=product_key
            )
            ids = tuple(dict.fromkeys(read.row.firmware_id for read in listed.rows))
            walk = walk.with_packages(ids, more=listed.more)
        if not walk.packages:
            return Page([], walk.continuation(len(self._products)))
        jobs = await self._jobs_of(walk.packages[0], Numbered(walk.page, walk.size))
        walk = walk.after_batches(more=jobs.more)
        return Page(self._tasks(jobs), walk.continuation(len(self._products)))

    async def list_package_tasks(self, ref: ObjectId, page: PageRequest) -> Page[Task] | None:
        """One page of a package's batches."""
        place = Numbered.of(page, TASK_PAGE)
        jobs = await self._jobs_of(ref.key[0], place)
        return Page(self._tasks(jobs), place.following(more=jobs.more))

    async def _jobs_of(self, firmware_id: str, place: Numbered) -> NumberedPage[JobRow]:
        try:
            return await self._wire.list_ota_job_by_firmware(firmware_id, page=place.page, size=place.size)
        except NotFound:
            return NumberedPage([], more=False)

    def _tasks(self, jobs: NumberedPage[JobRow]) -> list[Task]:
        at = self._now()
        by_id = {read.row.job_id: read for read in jobs.rows}
        return [task_of(self.backend, read, at, listed=True) for read in by_id.values()]

    async def get_task(self, ref: ObjectId) -> Task | None:
        """The batch with its description and times."""
        try:
            found = await self._wire.query_ota_job(ref.key[0])
        except NotFound:
            return None
        if found is None:
            return None
        check_asked_for(self.backend, "QueryOTAJob", ref.key[0], found.row.job_id)
        return task_of(self.backend, found, self._now(), listed=False)

    async def list_packages(self, page: PageRequest) -> Page[Package]:
        """One page of the packages, product after product where products are configured."""
        product, after = _product_and_place(page.after, len(self._products))
        place = Numbered.of(PageRequest(page.size, after), PACKAGE_PAGE)
        listed = await self._wire.list_ota_firmware(
            page=place.page, size=place.size, product_key=self._products[product]
        )
        at = self._now()
        rows = [package_of(self.backend, read, at) for read in listed.rows]
        following = place.following(more=listed.more)
        if following is None and product + 1 < len(self._products):
            return Page(rows, f"{product + 1}:1.{place.size}")
        return Page(rows, following and f"{product}:{following}")

    async def get_package(self, ref: ObjectId) -> Package | None:
        """The package."""
        try:
            found = await self._wire.query_ota_firmware(ref.key[0])
        except NotFound:
            return None
        if found is None:
            return None
        check_asked_for(self.backend, "QueryOTAFirmware", ref.key[0], found.row.firmware_id)
        return package_of(self.backend, found, self._now())

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        """One page of a batch's devices, narrowed at the vendor where one native status says it."""
        native = EXECUTION_STATUS.native(status) if status else []
        unknown_too = bool(status) and ExecutionStatus.UNKNOWN in (status or ())
        if status and not native and not unknown_too:
            return Page([])
        narrowed = native[0] if len(native) == 1 and not unknown_too else None
        place = Numbered.of(page, EXECUTION_PAGE)
        job_id = task.key[0]
        try:
            listed = await self._wire.list_ota_task_by_job(job_id, page=place.page, size=place.size, status=narrowed)
        except NotFound:
            return Page([])
        return Page(self._executions(listed.rows, job_id), place.following(more=listed.more))

    async def list_device_executions(self, device: ObjectId, page: PageRequest) -> Page[Execution]:
        """The unfinished ones, all on one page: the vendor lists no others by device."""
        rules.check_key(device)
        return Page(await self._unfinished(device.key[0], device.key[1]))

    async def get_executions(self, refs: Sequence[ObjectId]) -> list[Execution | None]:
        """One call per batch and 50 devices."""
        names_by_job: dict[str, list[str]] = {}
        for ref in refs:
            names_by_job.setdefault(ref.key[2], []).append(ref.key[3])
        found = {
            (job_id, execution.ref.key[4]): execution
            for job_id, names in names_by_job.items()
            for execution in await self._executions_of(job_id, names)
        }
        executions = [found.get((ref.key[2], ref.key[4])) for ref in refs]
        for ref, execution in zip(refs, executions, strict=True):
            if execution is not None:
                check_asked_for(self.backend, "ListOTATaskByJob", ref.key, execution.ref.key)
        return executions

    async def find_executions(self, task: ObjectId, device_names: Sequence[str]) -> list[Execution | None]:
        """The latest of each device in a batch."""
        latest: dict[str, Execution] = {}
        for execution in await self._executions_of(task.key[0], device_names):
            seen = latest.get(execution.device.name)
            if seen is None or _created(execution) >= _created(seen):
                latest[execution.device.name] = execution
        return [latest.get(name) for name in device_names]

    async def find_package_executions(
        self, package: ObjectId, product_key: str | None, device_names: Sequence[str]
    ) -> list[Execution]:
        """Each device's unfinished executions, those of the package."""
        if product_key is None:
            rule = "the ProductKey of the devices"
            raise InvalidInput(f"productKey must be given: {rule}.", path=("devices", "productKey"), rule=rule)

        async def unfinished(name: str) -> list[Execution]:
            return await self._unfinished(product_key, name)

        lists = await few_at_once(unfinished, list(dict.fromkeys(device_names)), limit=READS_AT_ONCE)
        firmware_id = package.key[0]
        return [execution for found in lists for execution in found if execution.ref.key[1] == firmware_id]

    async def _unfinished(self, product_key: str, device_name: str) -> list[Execution]:
        try:
            found = await self._wire.list_ota_unfinished_task_by_device(product_key, device_name)
        except NotFound:
            return []
        at = self._now()
        for read in found:
            answered = (read.row.product_key or product_key, read.row.device_name)
            check_asked_for(self.backend, "ListOTAUnfinishedTaskByDevice", (product_key, device_name), answered)
        return [execution_of(self.backend, read, at, product_key=product_key, unfinished_list=True) for read in found]

    async def _executions_of(self, job_id: str, names: Sequence[str]) -> list[Execution]:
        wanted = list(dict.fromkeys(names))
        found: list[Execution] = []
        for start in range(0, len(wanted), NAMES_PER_CALL):
            rows = await self._all_tasks(job_id, names=wanted[start : start + NAMES_PER_CALL])
            found += self._executions(rows, job_id)
        return found

    async def _all_tasks(
        self, job_id: str, *, names: Sequence[str] = (), status: str | None = None
    ) -> list[Read[DeviceTaskRow]]:
        rows: dict[str, Read[DeviceTaskRow]] = {}
        number, more = 1, True
        while more:
            try:
                listed = await self._wire.list_ota_task_by_job(
                    job_id, page=number, size=EXECUTION_PAGE, status=status, device_names=names
                )
            except NotFound:
                break
            before = len(rows)
            rows.update((read.row.task_id, read) for read in listed.rows)
            # A page without a new row means that the vendor does not page this list.
            number, more = number + 1, listed.more and len(rows) > before
        return list(rows.values())

    def _executions(self, rows: Sequence[Read[DeviceTaskRow]], job_id: str) -> list[Execution]:
        at = self._now()
        for read in rows:
            check_asked_for(self.backend, "ListOTATaskByJob", job_id, read.row.job_id or job_id)
        return [execution_of(self.backend, read, at, job_id=job_id) for read in rows]

    # ------------------------------------------------------------------ rules

    def refusal(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
        """By the states of Tuya's pages; there is no force."""
        if not self.backend.supports(operation):
            return self.unsupported(operation, target=subject.id)
        return rules.refusal(operation, subject)

    def check_draft(self, draft: TaskDraft) -> None:
        """Raise InvalidInput for what CreateOTAStaticUpgradeJob would not take."""
        drafts.check_draft(draft)

    def check_change(self, change: TaskChange) -> None:
        """Raise UnsupportedByVendor: a batch cannot be changed."""
        raise self.unsupported(Operation.UPDATE_TASK)

    def check_key(self, ref: ObjectId) -> None:
        """Raise InvalidInput for a key outside the vendor's patterns."""
        rules.check_key(ref)

    def side_effects(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
        """What else happens."""
        return rules.side_effects(operation, subject)

    # ------------------------------------------------------------------ writes

    async def create_task(self, draft: TaskDraft) -> Created:
        """Create a static upgrade batch."""
        self.check_draft(draft)
        created, reply = await self._wire.create_ota_static_upgrade_job(drafts.params_of(draft), draft.targets)
        return Created(native_id=created.job_id, request_ids=reply.request_ids)

    async def cancel_task(self, task: Task, *, force: bool, reason: str | None) -> Receipt:
        """Cancel every device of the batch that has not begun."""
        return Receipt(request_ids=(await self._wire.cancel_ota_task_by_job(task.native_id)).request_ids)

    async def confirm_executions(self, task: Task, executions: Sequence[Execution] | None) -> TargetReceipts:
        """Confirm these devices, or every one that awaits it; ten go with one call.

        When a later call fails, its devices are in `refused` with that failure, and those after it as not sent.
        """
        if executions is None:
            rows = await self._all_tasks(task.native_id, status="CONFIRM")
            waiting = [(read.row.task_id, read.row.device_name) for read in rows if read.row.task_status == "CONFIRM"]
        else:
            waiting = [(execution.ref.key[4], execution.device.name) for execution in executions]
        if not waiting:
            raise InvalidState(
                "No device of this batch awaits a confirmation.",
                vendor_status=task.vendor_status,
                backend=self.backend.name,
                target=task.id,
            )
        refused: dict[str, GatewayError] = {}
        request_ids: list[str] = []
        for start in range(0, len(waiting), CONFIRMED_PER_CALL):
            chunk = waiting[start : start + CONFIRMED_PER_CALL]
            try:
                reply = await self._wire.confirm_ota_task([task_id for task_id, _ in chunk])
            except GatewayError as problem:
                if start == 0:
                    raise
                refused.update((name, problem) for _, name in chunk)
                refused.update((name, self._unsent()) for _, name in waiting[start + CONFIRMED_PER_CALL :])
                break
            request_ids += reply.request_ids
        return TargetReceipts(refused=refused, request_ids=tuple(request_ids))

    def _unsent(self) -> BackendUnavailable:
        return BackendUnavailable(
            "Not sent, because a call before it failed. Try again later.", backend=self.backend.name
        )

    async def cancel_executions(self, executions: Sequence[Execution], *, force: bool) -> TargetReceipts:
        """Cancel these devices in their batch. The vendor answers one yes for all: only reading back tells."""
        names = _names([execution.device.name for execution in executions])
        places = {execution.ref.key[:3] for execution in executions}
        if len(places) != 1:
            rule = "executions of one batch"
            raise InvalidInput(f"One call takes {rule}.", path=("executionIds",), rule=rule)
        product_key, firmware_id, job_id = places.pop()
        reply = await self._wire.cancel_ota_task_by_device(product_key, firmware_id, names, job_id=job_id)
        return TargetReceipts(request_ids=reply.request_ids)

    async def cancel_package_executions(
        self, package: ObjectId, product_key: str, device_names: Sequence[str]
    ) -> TargetReceipts:
        """Cancel these devices in every batch of a package: the call that names no batch."""
        names = _names(device_names)
        reply = await self._wire.cancel_ota_task_by_device(product_key, package.key[0], names, job_id=None)
        return TargetReceipts(request_ids=reply.request_ids)

    async def delete_package(self, package: Package) -> Receipt:
        """Delete a package."""
        return Receipt(request_ids=(await self._wire.delete_ota_firmware(package.native_id)).request_ids)

    # ------------------------------------------------------------------ keys and life

    def task_ref(self, native_id: str) -> ObjectId:
        """The id of the batch with this JobId."""
        return ObjectId(Kind.TASK, self.backend.name, (native_id,))

    async def probe(self) -> None:
        """List one package."""
        await self._wire.list_ota_firmware(page=1, size=1, product_key=self._products[0])

    async def aclose(self) -> None:
        """Nothing to let go of: the connections belong to whoever made the client."""


def _product_and_place(after: str | None, products: int) -> tuple[int, str | None]:
    if after is None:
        return 0, None
    product, _, place = after.partition(":")
    if not (product.isascii() and product.isdecimal()) or int(product) >= products:
        raise stale_continuation()
    return int(product), place


def _created(execution: Execution) -> float:
    return execution.queued_at.timestamp() if execution.queued_at else 0.0


def _names(names: Sequence[str]) -> list[str]:
    unique = list(dict.fromkeys(names))
    if not 1 <= len(unique) <= NAMES_PER_CALL:
        rule = f"1 to {NAMES_PER_CALL} devices"
        raise InvalidInput(f"One call takes {rule}.", path=("devices", "deviceNames"), rule=rule)
    return unique
