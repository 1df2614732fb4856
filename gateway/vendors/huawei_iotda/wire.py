"""What IoTDA sends and takes, and one method for each of its operations that the gateway uses.

Shapes are those of huaweicloudsdkiotda 3.1.219. Members the vendor leaves out or sends as null are None.
"""

from typing import TypeVar

import msgspec

from gateway.vendorkit.decoding import Unreadable, read_json
from gateway.vendorkit.http import VendorAnswer
from gateway.vendors.huawei_iotda.caller import HuaweiCaller
from gateway.vendors.huawei_iotda.signing import encoded

Shape = TypeVar("Shape")

SUCCESS_OF_TARGET = "success"
# msgspec keeps a Raw as it came, null included, and takes no union with it.
ABSENT = msgspec.Raw(b"null")


def present(raw: msgspec.Raw) -> bool:
    """Whether the vendor sent the member, and not as null."""
    return bytes(raw) != bytes(ABSENT)


class Paging(msgspec.Struct):
    """The tail of each list: the record id to go on from, and how many match in all."""

    count: int | None = None
    marker: str | None = None


class TaskPolicy(msgspec.Struct):
    """When a task starts and how often the vendor tries again."""

    schedule_time: str | None = None


class TaskProgress(msgspec.Struct):
    """How many devices stand where. The vendor writes `waitting`."""

    total: int | None = None
    processing: int | None = None
    success: int | None = None
    fail: int | None = None
    waitting: int | None = None
    fail_wait_retry: int | None = None
    stopped: int | None = None
    removed: int | None = None


class TaskRow(msgspec.Struct):
    """A batch task. `document` names the package as `package_ids` or `package_id`: the vendor's texts disagree."""

    task_id: str
    task_name: str | None = None
    task_type: str | None = None
    need_confirm: bool | None = None
    targets: list[str] | None = None
    document: object = None
    task_policy: TaskPolicy | None = None
    status: str | None = None
    status_desc: str | None = None
    task_progress: TaskProgress | None = None
    create_time: str | None = None


class DetailError(msgspec.Struct):
    """Why a device failed."""

    error_code: str | None = None
    error_msg: str | None = None


class DetailRow(msgspec.Struct):
    """One device's part in a task. It has neither an id nor a time of its own."""

    target: str
    status: str | None = None
    error: DetailError | None = None


class ObsLocation(msgspec.Struct):
    """Where a package's file lies."""

    bucket_name: str | None = None
    object_key: str | None = None
    sign: str | None = None


class FileLocation(msgspec.Struct):
    """The only known form of a file's place."""

    obs_location: ObsLocation | None = None


class PackageRow(msgspec.Struct):
    """An upgrade package. Only a single read has `file_location`."""

    package_id: str
    package_type: str | None = None
    product_id: str | None = None
    version: str | None = None
    support_source_versions: list[str] | None = None
    description: str | None = None
    custom_info: str | None = None
    create_time: str | None = None
    file_location: msgspec.Raw = ABSENT


class TaskList(msgspec.Struct):
    """One page of tasks."""

    batchtasks: list[msgspec.Raw] | None = None
    page: Paging | None = None


class ShownTask(msgspec.Struct):
    """A task with one page of its devices."""

    batchtask: msgspec.Raw = ABSENT
    task_details: list[msgspec.Raw] | None = None
    page: Paging | None = None


class PackageList(msgspec.Struct):
    """One page of packages."""

    packages: list[msgspec.Raw] | None = None
    page: Paging | None = None


class TargetResult(msgspec.Struct):
    """What a stop, retry or confirm did for one device; `status` is `success` or `failure`."""

    target: str | None = None
    status: str | None = None
    error_code: str | None = None
    error_msg: str | None = None


class TargetResults(msgspec.Struct):
    """The answer to stop, retry and confirm. A 200 may hold nothing but failures."""

    targets: list[TargetResult] | None = None


class CreatedTask(msgspec.Struct):
    """What of a new task is needed: the rest is read."""

    task_id: str


class HuaweiWire:
    """IoTDA's operations. Each raises what HuaweiCaller.call raises; list and show also VendorRejected for a body
    that is not as documented, and writes OutcomeUnknown for it, since they were carried out.
    """

    def __init__(self, caller: HuaweiCaller) -> None:
        self._caller = caller

    async def list_batch_tasks(self, task_type: str, *, limit: int, marker: str | None = None) -> TaskList:
        """ListBatchTasks: the tasks of one type, newest first."""
        query = [("task_type", task_type), *_paging(limit, marker)]
        answer = await self._caller.call("ListBatchTasks", "GET", "/batchtasks", query)
        return self._read("ListBatchTasks", answer, TaskList)

    async def show_batch_task(
        self,
        task_id: str,
        *,
        limit: int,
        marker: str | None = None,
        status: str | None = None,
        target: str | None = None,
    ) -> ShownTask:
        """ShowBatchTask: a task, and the devices that `status` and `target` leave."""
        query = _paging(limit, marker)
        if status is not None:
            query.append(("task_detail_status", status))
        if target is not None:
            query.append(("target", target))
        answer = await self._caller.call("ShowBatchTask", "GET", f"/batchtasks/{encoded(task_id)}", query)
        return self._read("ShowBatchTask", answer, ShownTask)

    async def list_ota_package_info(self, package_type: str, *, limit: int, marker: str | None = None) -> PackageList:
        """ListOtaPackageInfo: the packages of one type, newest first."""
        query = [("package_type", package_type), *_paging(limit, marker)]
        answer = await self._caller.call("ListOtaPackageInfo", "GET", "/ota-upgrades/packages", query)
        return self._read("ListOtaPackageInfo", answer, PackageList)

    async def show_ota_package(self, package_id: str) -> bytes:
        """ShowOtaPackage: one package, as its JSON text."""
        answer = await self._caller.call("ShowOtaPackage", "GET", f"/ota-upgrades/packages/{encoded(package_id)}")
        return answer.body

    async def create_batch_task(self, body: dict[str, object]) -> tuple[CreatedTask, VendorAnswer]:
        """CreateBatchTask."""
        answer = await self._caller.call("CreateBatchTask", "POST", "/batchtasks", body=body, write=True)
        return self._read_done("CreateBatchTask", answer, CreatedTask), answer

    async def delete_batch_task(self, task_id: str) -> VendorAnswer:
        """DeleteBatchTask: only of a task that has ended."""
        return await self._caller.call("DeleteBatchTask", "DELETE", f"/batchtasks/{encoded(task_id)}", write=True)

    async def delete_ota_package(self, package_id: str) -> VendorAnswer:
        """DeleteOtaPackage: the record; the OBS object stays."""
        path = f"/ota-upgrades/packages/{encoded(package_id)}"
        return await self._caller.call("DeleteOtaPackage", "DELETE", path, write=True)

    async def stop_batch_task(self, task_id: str, targets: list[str] | None) -> tuple[TargetResults, VendorAnswer]:
        """StopBatchTask for these devices, or for the whole task when None."""
        return await self._act("StopBatchTask", task_id, "stop", targets)

    async def retry_batch_task(self, task_id: str, targets: list[str] | None) -> tuple[TargetResults, VendorAnswer]:
        """RetryBatchTask for these devices, or for all of the task when None."""
        return await self._act("RetryBatchTask", task_id, "retry", targets)

    async def confirm_batch_task(self, task_id: str, targets: list[str] | None) -> tuple[TargetResults, VendorAnswer]:
        """ConfirmBatchTask for these devices, or for all of the task when None."""
        return await self._act("ConfirmBatchTask", task_id, "confirm", targets)

    async def _act(
        self, operation: str, task_id: str, verb: str, targets: list[str] | None
    ) -> tuple[TargetResults, VendorAnswer]:
        if targets is not None and not targets:
            # The vendor reads an empty selection as "all devices of the task".
            raise ValueError(f"{operation} needs at least one device.")
        body: dict[str, object] = {} if targets is None else {"targets": targets}
        answer = await self._caller.call(
            operation, "POST", f"/batchtasks/{encoded(task_id)}/{verb}", body=body, write=True
        )
        return self._read_done(operation, answer, TargetResults), answer

    def row(self, operation: str, raw: msgspec.Raw | bytes, shape: type[Shape]) -> Shape:
        """One row of an answer. Raises VendorRejected when it is not of the documented shape."""
        try:
            return read_json(raw, shape)
        except Unreadable:
            raise self._caller.http.unreadable(operation, VendorAnswer(status=200, headers={}, body=b"")) from None

    def _read(self, operation: str, answer: VendorAnswer, shape: type[Shape]) -> Shape:
        try:
            return read_json(answer.body, shape)
        except Unreadable:
            request_id = answer.headers.get("x-request-id")
            raise self._caller.http.unreadable(operation, answer, request_id) from None

    def _read_done(self, operation: str, answer: VendorAnswer, shape: type[Shape]) -> Shape:
        try:
            return read_json(answer.body, shape)
        except Unreadable:
            request_id = answer.headers.get("x-request-id")
            raise self._caller.http.lost(operation, "it cannot be read", request_id) from None


def _paging(limit: int, marker: str | None) -> list[tuple[str, str]]:
    paging = [("limit", str(limit))]
    if marker is not None:
        paging.append(("marker", marker))
    return paging
