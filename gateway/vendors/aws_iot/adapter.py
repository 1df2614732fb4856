"""AwsIotAdapter: the port, over AWS IoT's operations."""

from collections.abc import Callable, Sequence
from datetime import UTC
from functools import partial
from uuid import uuid4

from gateway.domain.changes import Created, Receipt, TargetReceipts, TaskChange, TaskDraft
from gateway.domain.errors import Conflict, GatewayError, InvalidState, NotFound, VendorRejected
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task
from gateway.vendorkit.asked_for import check_asked_for
from gateway.vendorkit.aws.credentials import AwsKeys
from gateway.vendorkit.aws.fan_out import both, fan_out
from gateway.vendorkit.aws.partitions import dns_suffix
from gateway.vendorkit.aws.reading import Reading
from gateway.vendorkit.aws.rest_json import RestJson
from gateway.vendorkit.aws.settings import AwsBackendSettings
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendorkit.settings import BackendSettings
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden
from gateway.vendors.aws_iot import mapping, package_listing, rules
from gateway.vendors.aws_iot.details import AwsIotJobDetails
from gateway.vendors.aws_iot.wire import SERVICE, AwsIotWire

LIST_PAGE = 250


def endpoint(settings: BackendSettings) -> str:
    """Scheme and host of the control plane in the backend's Region, unless the settings name another."""
    region = _aws(settings).region
    return settings.endpoint or f"https://iot.{region}.{dns_suffix(region)}"


def build(settings: BackendSettings, context: AdapterContext) -> "AwsIotAdapter":
    """The adapter of one backend, with the keys its settings lead to."""
    aws = _aws(settings)
    rest = RestJson(context.http, AwsKeys(aws), service=SERVICE, region=aws.region, now=context.now)
    return AwsIotAdapter(context, AwsIotWire(rest))


def _aws(settings: BackendSettings) -> AwsBackendSettings:
    if not isinstance(settings, AwsBackendSettings):
        raise TypeError(f"AWS IoT needs AwsIotSettings, not {type(settings).__name__}.")
    return settings


def _new_token() -> str:
    return str(uuid4())


class AwsIotAdapter(UnsupportedUnlessOverridden):
    """One account and Region. `new_token` makes the idempotency tokens of package calls (36 to 64 characters)."""

    def __init__(self, context: AdapterContext, wire: AwsIotWire, new_token: Callable[[], str] = _new_token) -> None:
        super().__init__(context.backend)
        self._wire = wire
        self._now = context.now
        self._new_token = new_token

    # ------------------------------------------------------------------ reads

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        """One ListJobs. AWS promises no order."""
        found = await self._wire.list_jobs(min(page.size, LIST_PAGE), page.after)
        reading = self._reading()
        return Page([mapping.task_from_summary(reading, job, raw) for job, raw in found.rows], found.next)

    async def get_task(self, ref: ObjectId) -> Task | None:
        """One DescribeJob. The document is fetched by the details, when it is asked for."""
        (job_id,) = ref.key
        try:
            found = await self._wire.describe_job(job_id)
        except NotFound:
            return None
        check_asked_for(self._backend, "DescribeJob", job_id, found.shape.job_id)
        return self.revived(mapping.task_from_job(self._reading(), found.shape, found.raw))

    def revived(self, task: Task) -> Task:
        """The task, with the call that fetches its document."""
        if isinstance(task.vendor_details, AwsIotJobDetails):
            (job_id,) = task.ref.key
            task.vendor_details.bind(partial(self._document, job_id))
        return task

    async def _document(self, job_id: str) -> str | None:
        try:
            return await self._wire.get_job_document(job_id)
        except NotFound:
            return None

    async def list_packages(self, page: PageRequest) -> Page[Package]:
        """Package versions, package by package; a page may be short or empty and still have a next one."""
        return await package_listing.list_packages(self._wire, page, self._reading)

    async def get_package(self, ref: ObjectId) -> Package | None:
        """GetPackage, which knows the default version, and GetPackageVersion, side by side."""
        package_name, version_name = ref.key
        try:
            package, version = await both(
                self._wire.get_package(package_name), self._wire.get_package_version(package_name, version_name)
            )
        except NotFound:
            return None
        answered = (package.shape.package_name, version.shape.package_name or package_name, version.shape.version_name)
        check_asked_for(self._backend, "GetPackageVersion", (package_name, package_name, version_name), answered)
        default = package.shape.default_version_name
        return mapping.package_from_version(self._reading(), package_name, default, version.shape, version.raw)

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        """One ListJobExecutionsForJob. AWS filters by one status; several are not narrowed."""
        (job_id,) = task.key
        natives = mapping.EXECUTION_STATUSES.native(status) if status else []
        found = await self._wire.list_executions_for_job(
            job_id, natives[0] if len(natives) == 1 else None, min(page.size, LIST_PAGE), page.after
        )
        reading = self._reading()
        rows = [
            mapping.execution_from_summary(
                reading, mapping.thing_name_of(row.thing_arn), job_id, row.job_execution_summary, raw
            )
            for row, raw in found.rows
        ]
        return Page(rows, found.next)

    async def list_device_executions(self, device: ObjectId, page: PageRequest) -> Page[Execution]:
        """One ListJobExecutionsForThing."""
        (thing_name,) = device.key
        found = await self._wire.list_executions_for_thing(thing_name, min(page.size, LIST_PAGE), page.after)
        reading = self._reading()
        rows = [
            mapping.execution_from_summary(reading, thing_name, row.job_id, row.job_execution_summary, raw)
            for row, raw in found.rows
        ]
        return Page(rows, found.next)

    async def get_executions(self, refs: Sequence[ObjectId]) -> list[Execution | None]:
        """One DescribeJobExecution each, a few at a time."""
        return await fan_out([partial(self._describe, *ref.key) for ref in refs])

    async def find_executions(self, task: ObjectId, device_names: Sequence[str]) -> list[Execution | None]:
        """One DescribeJobExecution each, without a number: the latest execution of the job on the thing."""
        (job_id,) = task.key
        return await fan_out([partial(self._describe, name, job_id, None) for name in device_names])

    async def _describe(self, thing_name: str, job_id: str, number: str | None) -> Execution | None:
        try:
            found = await self._wire.describe_execution(thing_name, job_id, number)
        except NotFound:
            return None
        answered_thing = thing_name if found.shape.thing_arn is None else mapping.thing_name_of(found.shape.thing_arn)
        answered = (answered_thing, found.shape.job_id or job_id)
        check_asked_for(self._backend, "DescribeJobExecution", (thing_name, job_id), answered)
        if number is not None and str(found.shape.execution_number) != number:
            return None
        return mapping.execution_from_description(self._reading(), thing_name, job_id, found.shape, found.raw)

    def _reading(self) -> Reading:
        return Reading(self._backend, self._now())

    # ------------------------------------------------------------------ rules

    def refusal(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
        """The manifest first, then the states of rules.py."""
        if not self._backend.supports(operation):
            return self.unsupported(operation, target=subject.id)
        return rules.refusal(operation, subject, force=force)

    def check_draft(self, draft: TaskDraft) -> None:
        """See rules.py."""
        rules.check_draft(draft)

    def check_change(self, change: TaskChange) -> None:
        """See rules.py."""
        rules.check_change(change)

    def check_key(self, ref: ObjectId) -> None:
        """See rules.py."""
        rules.check_key(ref)

    def side_effects(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> list[str]:
        """See rules.py."""
        return rules.side_effects(operation, subject, force=force)

    # ------------------------------------------------------------------ writes

    async def create_task(self, draft: TaskDraft) -> Created:
        """CreateJob, after a GetPackageVersion for the package's ARN where a package is named."""
        rules.check_draft(draft)
        job_id = draft.name or ""
        body: dict[str, object] = {
            "targets": list(draft.targets),
            "document": draft.document,
            "description": draft.description,
            **draft.vendor_options,
        }
        if draft.scheduled_at is not None:
            given = draft.vendor_options.get("schedulingConfig")
            start = draft.scheduled_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
            body["schedulingConfig"] = {**(given if isinstance(given, dict) else {}), "startTime": start}
        if draft.package is not None:
            body["destinationPackageVersions"] = [await self._package_arn(draft.package)]
        made = await self._wire.create_job(job_id, body)
        return Created(native_id=job_id, request_ids=made.request_ids)

    async def _package_arn(self, ref: ObjectId) -> str:
        package_name, version_name = ref.key
        found = await self._wire.get_package_version(package_name, version_name)
        if found.shape.package_version_arn is None:
            raise VendorRejected(
                f"Backend {self._backend.name} gives no ARN for package version {package_name}/{version_name}, "
                "so that no job can name it.",
                request_id=found.request_id,
                backend=self._backend.name,
                target=str(ref),
            )
        return found.shape.package_version_arn

    async def update_task(self, task: Task, change: TaskChange) -> Receipt:
        """UpdateJob, the description alone."""
        rules.check_change(change)
        done = await self._wire.update_job(task.native_id, change.description)
        return Receipt(request_ids=done.request_ids)

    async def cancel_task(self, task: Task, *, force: bool, reason: str | None) -> Receipt:
        """CancelJob, with the reason as its comment, and as its code where it is written as one."""
        done = await self._wire.cancel_job(
            task.native_id, force=force, reason_code=rules.reason_code_of(reason), comment=rules.comment_of(reason)
        )
        return Receipt(request_ids=done.request_ids)

    async def delete_task(self, task: Task, *, force: bool) -> Receipt:
        """DeleteJob."""
        done = await self._wire.delete_job(task.native_id, force=force)
        return Receipt(request_ids=done.request_ids)

    async def cancel_executions(self, executions: Sequence[Execution], *, force: bool) -> TargetReceipts:
        """CancelJobExecution for the one execution given, tied to its version where that is known."""
        (execution,) = executions
        thing_name, job_id, _ = execution.ref.key
        try:
            done = await self._wire.cancel_execution(
                thing_name,
                job_id,
                force=force,
                expected_version=execution.version,
                force_helps=not force and execution.status is not ExecutionStatus.QUEUED,
            )
        except (InvalidState, NotFound, Conflict) as refused:
            return TargetReceipts(refused={execution.device.name: refused})
        return TargetReceipts(request_ids=done.request_ids)

    async def delete_package(self, package: Package) -> Receipt:
        """DeletePackageVersion: that version, never its package."""
        package_name, version_name = package.ref.key
        done = await self._wire.delete_package_version(package_name, version_name, self._new_token())
        return Receipt(request_ids=done.request_ids)

    async def delete_execution(self, execution: Execution, *, force: bool) -> Receipt:
        """DeleteJobExecution."""
        thing_name, job_id, number = execution.ref.key
        done = await self._wire.delete_execution(thing_name, job_id, number, force=force)
        return Receipt(request_ids=done.request_ids)

    # ------------------------------------------------------------------ keys and life

    def task_ref(self, native_id: str) -> ObjectId:
        """The job of that id."""
        return mapping.task_ref(self._backend.name, native_id)

    def execution_ref(self, thing_name: str, job_id: str, number: int) -> ObjectId:
        """The execution of that native triple."""
        return mapping.execution_ref(self._backend.name, thing_name, job_id, number)

    async def probe(self) -> None:
        """ListJobs, one row."""
        await self._wire.list_jobs(1, None)

    async def aclose(self) -> None:
        """Nothing is held: the HTTP client belongs to whoever made it."""
