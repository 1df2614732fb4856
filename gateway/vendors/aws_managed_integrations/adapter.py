"""AwsManagedIntegrationsAdapter: the port, over managed integrations' OTA tasks."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC
from functools import partial
from uuid import uuid4

from gateway.domain.changes import Created, Receipt, TaskChange, TaskDraft
from gateway.domain.errors import GatewayError, NotFound, VendorRejected
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.statuses import ExecutionStatus
from gateway.domain.task import Task
from gateway.vendorkit.asked_for import check_asked_for
from gateway.vendorkit.aws.credentials import AwsKeys
from gateway.vendorkit.aws.fan_out import fan_out
from gateway.vendorkit.aws.partitions import dual_stack_suffix
from gateway.vendorkit.aws.reading import Reading
from gateway.vendorkit.aws.rest_json import RestJson
from gateway.vendorkit.aws.settings import AwsBackendSettings
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendorkit.settings import BackendSettings
from gateway.vendorkit.unsupported import UnsupportedUnlessOverridden
from gateway.vendors.aws_managed_integrations import mapping, rules
from gateway.vendors.aws_managed_integrations.details import AwsManagedIntegrationsTaskDetails
from gateway.vendors.aws_managed_integrations.wire import SERVICE, ManagedIntegrationsWire

PAGE = 1000


def endpoint(settings: BackendSettings) -> str:
    """Scheme and host in the backend's Region, always with the dual-stack suffix, unless the settings name another."""
    region = _aws(settings).region
    return settings.endpoint or f"https://api.iotmanagedintegrations.{region}.{dual_stack_suffix(region)}"


def build(settings: BackendSettings, context: AdapterContext) -> "AwsManagedIntegrationsAdapter":
    """The adapter of one backend, with the keys its settings lead to."""
    aws = _aws(settings)
    rest = RestJson(context.http, AwsKeys(aws), service=SERVICE, region=aws.region, now=context.now)
    return AwsManagedIntegrationsAdapter(context, ManagedIntegrationsWire(rest))


def _aws(settings: BackendSettings) -> AwsBackendSettings:
    if not isinstance(settings, AwsBackendSettings):
        raise TypeError(f"Managed integrations needs AwsManagedIntegrationsSettings, not {type(settings).__name__}.")
    return settings


def _new_token() -> str:
    return str(uuid4())


class AwsManagedIntegrationsAdapter(UnsupportedUnlessOverridden):
    """One account and Region. `new_token` makes CreateOtaTask's idempotency tokens (at most 64 characters)."""

    def __init__(
        self, context: AdapterContext, wire: ManagedIntegrationsWire, new_token: Callable[[], str] = _new_token
    ) -> None:
        super().__init__(context.backend)
        self._wire = wire
        self._now = context.now
        self._new_token = new_token

    def _reading(self) -> Reading:
        return Reading(self._backend, self._now())

    # ------------------------------------------------------------------ reads

    async def list_tasks(self, page: PageRequest) -> Page[Task]:
        """One ListOtaTasks. No order is promised."""
        found = await self._wire.list_tasks(min(page.size, PAGE), page.after)
        reading = self._reading()
        return Page([mapping.task_from_summary(reading, task, raw) for task, raw in found.rows], found.next)

    async def get_task(self, ref: ObjectId) -> Task | None:
        """One GetOtaTask."""
        (task_id,) = ref.key
        try:
            found = await self._wire.get_task(task_id)
        except NotFound:
            return None
        check_asked_for(self._backend, "GetOtaTask", task_id, found.shape.task_id)
        return mapping.task_from_answer(self._reading(), found.shape, found.raw)

    async def get_package(self, ref: ObjectId) -> Package | None:
        """The file of a task, read again from the task; None once the task is gone or names another file."""
        task_id, s3_url = ref.key
        task = await self.get_task(mapping.task_ref(self._backend.name, task_id))
        package = task.package if task is not None else None
        return package if package is not None and package.native_id == s3_url else None

    async def list_executions(
        self, task: ObjectId, status: frozenset[ExecutionStatus] | None, page: PageRequest
    ) -> Page[Execution]:
        """One ListOtaTaskExecutions. The service filters nothing."""
        (task_id,) = task.key
        found = await self._wire.list_executions(task_id, min(page.size, PAGE), page.after)
        reading = self._reading()
        return Page([mapping.execution(reading, task_id, row, raw) for row, raw in found.rows], found.next)

    async def get_executions(self, refs: Sequence[ObjectId]) -> list[Execution | None]:
        """There is no read of one execution: each task's list is walked until all of its executions are found."""
        wanted: dict[str, set[tuple[str, ...]]] = {}
        for ref in refs:
            wanted.setdefault(ref.key[1], set()).add(ref.key)
        walks = await fan_out([partial(self._walk_until_found, task_id, keys) for task_id, keys in wanted.items()])
        found = {key: execution for walk in walks for key, execution in walk.items()}
        return [found.get(ref.key) for ref in refs]

    async def _walk_until_found(self, task_id: str, keys: set[tuple[str, ...]]) -> dict[tuple[str, ...], Execution]:
        found: dict[tuple[str, ...], Execution] = {}
        try:
            async for execution in self._walk(task_id):
                if execution.ref.key in keys:
                    found[execution.ref.key] = execution
                if len(found) == len(keys):
                    break
        except NotFound:
            return {}
        return found

    async def find_executions(self, task: ObjectId, device_names: Sequence[str]) -> list[Execution | None]:
        """The task's list, walked to its end: of a device's executions, the one with the highest number is present."""
        (task_id,) = task.key
        things = [mapping.thing_id_of(name) for name in device_names]
        present: dict[str, Execution] = {}
        try:
            async for execution in self._walk(task_id):
                name = execution.device.name
                if name in things and (name not in present or _number(execution) > _number(present[name])):
                    present[name] = execution
        except NotFound:
            return [None] * len(things)
        return [present.get(thing) for thing in things]

    async def _walk(self, task_id: str) -> AsyncIterator[Execution]:
        """Raises VendorRejected for a list that comes back to a token it gave before: it has no end."""
        task, after = mapping.task_ref(self._backend.name, task_id), None
        given: set[str] = set()
        while True:
            page = await self.list_executions(task, None, PageRequest(PAGE, after))
            for execution in page.rows:
                yield execution
            if page.next is None:
                return
            if page.next in given:
                raise VendorRejected(
                    f"Backend {self._backend.name} answers ListOtaTaskExecutions in a circle of page tokens: its list "
                    "cannot be read to its end.",
                    backend=self._backend.name,
                )
            given.add(page.next)
            after = page.next

    # ------------------------------------------------------------------ rules

    def refusal(self, operation: Operation, subject: Task | Package | Execution, *, force: bool) -> GatewayError | None:
        """The manifest first, then the states of rules.py. The service has no force."""
        if not self._backend.supports(operation):
            return self.unsupported(operation, target=subject.id)
        return rules.refusal(operation, subject)

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
        return rules.side_effects(operation, subject)

    # ------------------------------------------------------------------ writes

    async def create_task(self, draft: TaskDraft) -> Created:
        """CreateOtaTask. The format of StartTime is not documented; ISO 8601 in UTC is sent."""
        rules.check_draft(draft)
        options = draft.vendor_options
        scheduling = options.get("OtaSchedulingConfig")
        if draft.scheduled_at is not None:
            start = draft.scheduled_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            scheduling = {**(scheduling if isinstance(scheduling, dict) else {}), "StartTime": start}
        made = await self._wire.create_task(
            {
                "Description": draft.description,
                "S3Url": draft.s3_url,
                "Protocol": options.get("Protocol"),
                "Target": list(draft.targets) or None,
                "TaskConfigurationId": draft.task_configuration_id,
                "OtaMechanism": options.get("OtaMechanism"),
                "OtaType": options.get("OtaType", rules.ONE_TIME),
                "OtaTargetQueryString": options.get("OtaTargetQueryString"),
                "ClientToken": self._new_token(),
                "OtaSchedulingConfig": scheduling,
                "OtaTaskExecutionRetryConfig": options.get("OtaTaskExecutionRetryConfig"),
                "Tags": options.get("Tags"),
            }
        )
        return Created(native_id=made.shape.task_id, request_ids=made.request_ids)

    async def update_task(self, task: Task, change: TaskChange) -> Receipt:
        """UpdateOtaTask with both members: whether a PUT clears what it leaves out is not documented."""
        rules.check_change(change)
        details = task.vendor_details
        configured = details.task_configuration_id if isinstance(details, AwsManagedIntegrationsTaskDetails) else None
        done = await self._wire.update_task(
            task.native_id,
            description=task.description if change.description is None else change.description,
            task_configuration_id=configured if change.task_configuration_id is None else change.task_configuration_id,
        )
        return Receipt(request_ids=done.request_ids)

    async def delete_task(self, task: Task, *, force: bool) -> Receipt:
        """DeleteOtaTask. The service has no force."""
        done = await self._wire.delete_task(task.native_id)
        return Receipt(request_ids=done.request_ids)

    # ------------------------------------------------------------------ keys and life

    def task_ref(self, native_id: str) -> ObjectId:
        """The task of that id."""
        return mapping.task_ref(self._backend.name, native_id)

    async def probe(self) -> None:
        """ListOtaTasks, one row."""
        await self._wire.list_tasks(1, None)

    async def aclose(self) -> None:
        """Nothing is held: the HTTP client belongs to whoever made it."""


def _number(execution: Execution) -> int:
    return int(execution.ref.key[2])
