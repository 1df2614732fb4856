"""HuaweiSimulator: the routes, and the order of checks: throttle, who asks, which project, then the operation."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from gateway.vendorkit.simulation.answers import SimulatedApi, WireAnswer, WireRequest
from gateway.vendorkit.simulation.device_names import DeviceList, Devices
from gateway.vendorkit.simulation.faults import FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.request_rate import RequestRate
from gateway.vendors.huawei_iotda.simulator.fleet import seed_fleet
from gateway.vendors.huawei_iotda.simulator.packages import PACKAGE_TYPES, OtaPackage
from gateway.vendors.huawei_iotda.simulator.paging import hexadecimal, read_page
from gateway.vendors.huawei_iotda.simulator.progress import STATUSES, Wave
from gateway.vendors.huawei_iotda.simulator.refusals import (
    NO_SUCH_API,
    NOT_AUTHORIZED,
    STAND_IN,
    THROTTLED,
    Refused,
    invalid,
)
from gateway.vendors.huawei_iotda.simulator.requests import NewPackage, NewTask, read, read_targets
from gateway.vendors.huawei_iotda.simulator.signature import SignatureCheck
from gateway.vendors.huawei_iotda.simulator.tasks import DELETABLE, TASK_STATUSES, BatchTask
from gateway.vendors.huawei_iotda.simulator.tokens import TokenDesk
from gateway.vendors.huawei_iotda.simulator.wording import package_item, task_detail, whole_package, whole_task

# The vendor publishes no rate for basic and standard editions; this is the simulator's own, for the whole account.
REQUESTS_PER_SECOND = 50.0

_SUBTASK_RECORDS = 1
"""A device's record follows its task's by its place plus this."""

_ROUTES = tuple(
    (method, re.compile(rf"/v5/iot/(?P<project>[^/]+)/{path}/?"), operation)
    for method, path, operation in (
        ("GET", r"ota-upgrades/packages", "ListOtaPackageInfo"),
        ("POST", r"ota-upgrades/packages", "CreateOtaPackage"),
        ("GET", r"ota-upgrades/packages/(?P<key>[^/]+)", "ShowOtaPackage"),
        ("DELETE", r"ota-upgrades/packages/(?P<key>[^/]+)", "DeleteOtaPackage"),
        ("GET", r"batchtasks", "ListBatchTasks"),
        ("POST", r"batchtasks", "CreateBatchTask"),
        ("GET", r"batchtasks/(?P<key>[^/]+)", "ShowBatchTask"),
        ("DELETE", r"batchtasks/(?P<key>[^/]+)", "DeleteBatchTask"),
        ("POST", r"batchtasks/(?P<key>[^/]+)/stop", "StopBatchTask"),
        ("POST", r"batchtasks/(?P<key>[^/]+)/retry", "RetryBatchTask"),
        ("POST", r"batchtasks/(?P<key>[^/]+)/confirm", "ConfirmBatchTask"),
    )
)
_TOKEN_OPERATION = "KeystoneCreateUserTokenByPassword"
_UNKNOWN_OPERATION = "Unknown"


class HuaweiSimulator(SimulatedApi):
    """One instance of IoTDA and the IAM before it."""

    def __init__(self, options: SimulatorOptions) -> None:
        super().__init__(options)
        self._instance = seed_fleet(options)
        self._signatures = SignatureCheck(
            options.access_key, options.secret_key, derived_only="derived_only" in options.variants
        )
        self._tokens = TokenDesk(options.access_key, options.secret_key, options.project_id)
        self._rate = RequestRate(REQUESTS_PER_SECOND, options.now)
        self._operations: dict[str, Callable[[str, dict[str, str], bytes], tuple[int, Any]]] = {
            "ListOtaPackageInfo": self._list_packages,
            "CreateOtaPackage": self._create_package,
            "ShowOtaPackage": self._show_package,
            "DeleteOtaPackage": self._delete_package,
            "ListBatchTasks": self._list_tasks,
            "CreateBatchTask": self._create_task,
            "ShowBatchTask": self._show_task,
            "DeleteBatchTask": self._delete_task,
            "StopBatchTask": lambda key, _, body: self._act(self._task(key).stop, body),
            "RetryBatchTask": lambda key, _, body: self._act(self._task(key).retry, body),
            "ConfirmBatchTask": lambda key, _, body: self._act(self._task(key).confirm, body),
        }

    # ------------------------------------------------------------------ for tests

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The device groups a task may be created for; the last one is empty."""
        return tuple(self._instance.groups)

    def expire_tokens(self) -> None:
        """Kill every token issued so far."""
        self._tokens.expire()

    def set_execution_status(self, task_id: str, device_name: str, status: str) -> None:
        """Hold a device of a task in a status. Raises KeyError for what is not known."""
        self._instance.tasks[task_id].hold(device_name, status, self._now())

    # ------------------------------------------------------------------ the shell

    def operation_of(self, request: WireRequest) -> str:
        """The SDK's name of the operation."""
        if request.raw_path == "/v3/auth/tokens" and request.method == "POST":
            return _TOKEN_OPERATION
        return _route(request)[0]

    def answer(self, operation: str, request: WireRequest, fault: FaultRule | None) -> WireAnswer:
        """Carry one request out. There are no execution numbers here, so `fault` says nothing."""
        if self.options.quotas and not self._rate.allows("every operation"):
            return self.throttled(operation)
        if operation == _TOKEN_OPERATION:
            answer = self._tokens.issue(request.body, self.options.now())
            answer.headers["X-Request-Id"] = uuid.uuid4().hex
            return answer
        try:
            self._authenticate(request)
            _, project, key = _route(request)
            if operation == _UNKNOWN_OPERATION:
                raise Refused(404, NO_SUCH_API, "The API does not exist or has not been published")
            if project != self.options.project_id:
                raise Refused(403, NOT_AUTHORIZED, "The IAM user is not authorized to access the API.")
            query = dict(parse_qsl(request.raw_query, keep_blank_values=True))
            status, body = self._operations[operation](key, query, request.body)
        except Refused as refusal:
            return _error(refusal.status, refusal.code, refusal.message)
        return _respond(status, body)

    def throttled(self, operation: str) -> WireAnswer:
        """429 APIGW.0308; that IoTDA answers so was not read anywhere but in how its SDK treats 429."""
        return _error(429, THROTTLED, "The throttling threshold has been reached")

    def failed(self, operation: str, status: int) -> WireAnswer:
        """A 5xx; the vendor's codes for these were not read, so the status is all that counts."""
        return _error(status, f"APIGW.{status:04d}", "Internal error")

    def _authenticate(self, request: WireRequest) -> None:
        # Which of the two wins when both come is not documented; the token is the cheaper look-up.
        token = request.headers.get("x-auth-token")
        if token is not None:
            self._tokens.check(token, self.options.now())
        else:
            self._signatures.check(request, self.options.now())

    # ------------------------------------------------------------------ packages

    def _list_packages(self, _: str, query: dict[str, str], __: bytes) -> tuple[int, Any]:
        package_type = query.get("package_type", "")
        if package_type not in PACKAGE_TYPES.values():
            raise invalid("package_type is required: softwarePackage, firmwarePackage or modulePackage.")
        page = read_page(query)
        wanted = {name: query[name] for name in ("app_id", "product_id", "version") if name in query}

        def fits(package: OtaPackage) -> bool:
            return all(getattr(package, name) == value for name, value in wanted.items())

        total = sum(fits(package) for package in self._instance.packages_below(package_type, 1 << 96))
        shown = page.cut(filter(fits, self._instance.packages_below(package_type, page.marker)))
        return 200, {
            "packages": [package_item(package) for package in shown],
            "page": {"count": total, "marker": hexadecimal(shown[-1].record) if shown else None},
        }

    def _create_package(self, _: str, __: dict[str, str], body: bytes) -> tuple[int, Any]:
        new = read(body, NewPackage)
        if (new.module_name is not None) != (new.package_type == "modulePackage"):
            raise invalid("module_name goes with modulePackage, and only with it.")
        now = self._now()
        location: dict[str, str] = msgspec.to_builtins(new.file_location.obs_location)
        package = OtaPackage(
            record=self._instance.records.next(now),
            package_id=uuid.uuid4().hex,
            app_id=new.app_id,
            package_type=new.package_type,
            product_id=new.product_id,
            product_name=self._instance.products.get(new.product_id),
            module_name=new.module_name,
            version=new.version,
            support_source_versions=new.support_source_versions or [],
            description=new.description,
            custom_info=new.custom_info,
            created=now,
            obs_location=location,
        )
        self._instance.add_package(package)
        return 201, whole_package(package)

    def _show_package(self, key: str, _: dict[str, str], __: bytes) -> tuple[int, Any]:
        return 200, whole_package(self._package(key))

    def _delete_package(self, key: str, _: dict[str, str], __: bytes) -> tuple[int, Any]:
        package = self._package(key)
        refuses = "package_in_use_refused" in self.options.variants
        if refuses and self._instance.has_live_task(key, self._now()):
            raise Refused(400, STAND_IN["package_in_use"], "The upgrade package is used by a batch task.")
        self._instance.drop_package(package)
        return 204, None

    # ------------------------------------------------------------------ tasks

    def _list_tasks(self, _: str, query: dict[str, str], __: bytes) -> tuple[int, Any]:
        task_type = query.get("task_type", "")
        if not task_type:
            raise invalid("task_type is required.")
        page = read_page(query)
        now = self._now()
        status, app_id = query.get("status"), query.get("app_id")
        if status is not None and status not in TASK_STATUSES:
            raise invalid("status is not a status of batch tasks.")

        def fits(task: BatchTask) -> bool:
            return app_id in (None, task.app_id) and (status is None or task.status(now) == status)

        every = self._instance.tasks_below(task_type, 1 << 96)
        unfiltered = status is None and app_id is None
        total = self._instance.task_count(task_type) if unfiltered else sum(map(fits, every))
        shown = page.cut(filter(fits, self._instance.tasks_below(task_type, page.marker)))
        return 200, {
            "batchtasks": [whole_task(task, now) for task in shown],
            "page": {"count": total, "marker": shown[-1].task_id if shown else None},
        }

    def _create_task(self, _: str, __: dict[str, str], body: bytes) -> tuple[int, Any]:
        new = read(body, NewTask)
        new.check()
        begins = new.starts_at(self.options.now())
        for package_id in new.document.package_ids:
            package = self._instance.packages.get(package_id)
            if package is None:
                raise Refused(400, STAND_IN["package_not_found"], "The upgrade package does not exist.")
            if package.package_type != PACKAGE_TYPES[new.task_type]:
                raise invalid("The upgrade package is of another type than the task.")
        now = self._now()
        devices = self._devices(new)
        record = self._instance.records.next(now)
        policy = new.task_policy
        retries = 60.0 * (policy.retry_count or 0) * (policy.retry_interval or 0) if policy else 0.0
        task = BatchTask(
            record=record,
            task_id=hexadecimal(record),
            name=new.task_name,
            task_type=new.task_type,
            app_id=new.app_id or self._instance.default_app,
            package_ids=new.document.package_ids,
            devices=devices,
            wave=Wave(count=len(devices), fail_every=9, fail_phase=8, retry_seconds=retries),
            created=now,
            speed=self.options.speed,
            begun=None if new.need_confirm else begins.timestamp(),
            need_confirm=bool(new.need_confirm),
            targets_listed=new.targets is not None,
            group_ids=new.targets_filter.group_ids if new.targets is None and new.targets_filter else None,
            policy=msgspec.to_builtins(policy) if policy else None,
            ext_info=new.task_ext_info,
            mode=new.task_mode,
            starts_initializing="starts_initializing" in self.options.variants,
            halt_seconds=self.options.deletion_seconds,
        )
        self._instance.add_task(task)
        return 201, whole_task(task, now)

    def _devices(self, new: NewTask) -> Devices:
        if new.targets is not None:
            return DeviceList(new.targets)
        names: list[str] = []
        for group_id in new.targets_filter.group_ids if new.targets_filter else ():
            group = self._instance.groups.get(group_id)
            if group is None:
                raise invalid("A group in targets_filter does not exist.")
            names.extend(group.name(place) for place in range(len(group)))
        return DeviceList(names)

    def _show_task(self, key: str, query: dict[str, str], _: bytes) -> tuple[int, Any]:
        task = self._task(key)
        page = read_page(query)
        now = self._now()
        status, target = query.get("task_detail_status"), query.get("target")
        if status is not None and status not in STATUSES:
            raise invalid("task_detail_status is not a status of subtasks.")
        base = task.record + _SUBTASK_RECORDS
        below = max(0, min(page.marker - base, len(task.devices)))
        if target is not None:
            place = task.devices.place(target)
            found = [] if place is None or status not in (None, task.status_of(place, now)) else [place]
            total, shown = len(found), page.cut(place for place in found if place < below)
        else:
            total = len(task.devices) if status is None else task.counts(now)[status]
            shown = page.cut(task.places(status, below, now))
        return 200, {
            "batchtask": whole_task(task, now),
            "task_details": [task_detail(task, place, now) for place in shown],
            "page": {"count": total, "marker": hexadecimal(base + shown[-1]) if shown else None},
        }

    def _delete_task(self, key: str, _: dict[str, str], __: bytes) -> tuple[int, Any]:
        task = self._task(key)
        status = task.status(self._now())
        if status not in DELETABLE:
            raise Refused(400, STAND_IN["task_state"], f"A batch task in status {status} cannot be deleted.")
        self._instance.drop_task(task)
        return 204, None

    def _act(self, action: Callable[[list[str] | None, float], list[dict[str, str]]], body: bytes) -> tuple[int, Any]:
        return 200, {"targets": action(read_targets(body), self._now())}

    # ------------------------------------------------------------------ looking up

    def _now(self) -> float:
        return self.options.now().timestamp()

    def _task(self, key: str) -> BatchTask:
        task = self._instance.tasks.get(key)
        if task is None:
            raise Refused(404, STAND_IN["task_not_found"], "The batch task does not exist.")
        return task

    def _package(self, key: str) -> OtaPackage:
        package = self._instance.packages.get(key)
        if package is None:
            raise Refused(404, STAND_IN["package_not_found"], "The upgrade package does not exist.")
        return package


def _route(request: WireRequest) -> tuple[str, str, str]:
    for method, pattern, operation in _ROUTES:
        match = pattern.fullmatch(request.raw_path) if method == request.method else None
        if match:
            parts = match.groupdict()
            return operation, parts["project"], parts.get("key", "")
    return _UNKNOWN_OPERATION, "", ""


def _respond(status: int, body: Mapping[str, Any] | None, request_id: str | None = None) -> WireAnswer:
    headers = {"X-Request-Id": request_id or uuid.uuid4().hex}
    if body is None:
        return WireAnswer(status=status, headers=headers)
    return WireAnswer(
        status=status, body=orjson.dumps(body), headers={"content-type": "application/json;charset=UTF-8", **headers}
    )


def _error(status: int, code: str, message: str) -> WireAnswer:
    request_id = uuid.uuid4().hex
    body = {"error_code": code, "error_msg": message}
    if code.startswith("APIGW."):
        body["request_id"] = request_id
    return _respond(status, body, request_id)
