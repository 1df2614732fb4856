"""What Tuya sends and takes, and one method for each of its operations that the gateway uses.

Members are those of Tuya's operation pages, read in any casing (see reading.py); what is left out or empty is None.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from gateway.domain.errors import VendorRejected
from gateway.vendorkit.decoding import Unreadable, count_of
from gateway.vendorkit.http import VendorAnswer
from gateway.vendors.tuya.caller import Reply, TuyaCaller
from gateway.vendors.tuya.reading import raw_of, read_row, rows_of, struct_name

Shape = TypeVar("Shape")

UNFINISHED = ("CONFIRM", "QUEUED", "NOTIFIED", "IN_PROGRESS")


class FirmwareRow(msgspec.Struct, rename=struct_name):
    """A package: SimpleFirmwareInfo, and what QueryOTAFirmware says of one."""

    firmware_id: str
    firmware_name: str | None = None
    firmware_desc: str | None = None
    firmware_size: float | None = None
    firmware_sign: str | None = None
    sign_method: str | None = None
    product_key: str | None = None
    module_name: str | None = None
    src_version: str | None = None
    dest_version: str | None = None
    type: int | None = None
    status: int | str | None = None
    utc_create: str | None = None
    utc_modified: str | None = None


class JobRow(msgspec.Struct, rename=struct_name):
    """A batch: SimpleOTAJobInfo, and what QueryOTAJob says of one."""

    job_id: str
    firmware_id: str | None = None
    product_key: str | None = None
    job_status: str | None = None
    job_type: str | None = None
    job_desc: str | None = None
    target_selection: str | None = None
    utc_create: str | None = None
    utc_modified: str | None = None
    utc_start_time: str | None = None
    utc_end_time: str | None = None


class DeviceTaskRow(msgspec.Struct, rename=struct_name):
    """A device's part in a batch: SimpleOTATaskInfo. The list of unfinished ones has no progress and no text."""

    task_id: str
    device_name: str
    product_key: str | None = None
    firmware_id: str | None = None
    job_id: str | None = None
    task_status: str | None = None
    task_desc: str | None = None
    progress: object = None
    utc_create: str | None = None
    utc_modified: str | None = None


class CreatedJob(msgspec.Struct, rename=struct_name):
    """What of a new batch is needed: the rest is read."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Read(Generic[Shape]):
    """One object of the vendor's and its own JSON."""

    row: Shape
    raw: bytes


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[Shape]):
    """One page; `more` says whether another follows."""

    rows: list[Read[Shape]]
    more: bool


class TuyaWire:
    """Tuya's operations. Each raises what TuyaCaller.call raises; reads also VendorRejected for an answer that is not
    as documented, and writes OutcomeUnknown for it, since they were carried out.
    """

    def __init__(self, caller: TuyaCaller) -> None:
        self._caller = caller

    async def list_ota_firmware(self, *, page: int, size: int, product_key: str | None) -> NumberedPage[FirmwareRow]:
        """ListOTAFirmware: packages, of one product or of all; at most 100 a page."""
        params = _paging(page, size)
        if product_key is not None:
            params["ProductKey"] = product_key
        reply = await self._caller.call("ListOTAFirmware", params)
        return self._page(reply, "firmwareinfo", FirmwareRow, page, size)

    async def query_ota_firmware(self, firmware_id: str) -> Read[FirmwareRow] | None:
        """QueryOTAFirmware: one package."""
        reply = await self._caller.call("QueryOTAFirmware", {"FirmwareId": firmware_id})
        return self._one(reply, "firmwareinfo", FirmwareRow)

    async def list_ota_job_by_firmware(self, firmware_id: str, *, page: int, size: int) -> NumberedPage[JobRow]:
        """ListOTAJobByFirmware: the batches of one package; at most 200 a page."""
        reply = await self._caller.call("ListOTAJobByFirmware", {"FirmwareId": firmware_id, **_paging(page, size)})
        return self._page(reply, "data", JobRow, page, size)

    async def query_ota_job(self, job_id: str) -> Read[JobRow] | None:
        """QueryOTAJob: one batch."""
        return self._one(await self._caller.call("QueryOTAJob", {"JobId": job_id}), "data", JobRow)

    async def list_ota_task_by_job(
        self,
        job_id: str,
        *,
        page: int,
        size: int,
        status: str | None = None,
        device_names: Sequence[str] = (),
    ) -> NumberedPage[DeviceTaskRow]:
        """ListOTATaskByJob: a batch's devices; at most 100 a page. `DeviceNames.N` narrows to some of them."""
        params = {"JobId": job_id, **_paging(page, size), **_numbered("DeviceNames", device_names)}
        if status is not None:
            params["TaskStatus"] = status
        reply = await self._caller.call("ListOTATaskByJob", params)
        return self._page(reply, "data", DeviceTaskRow, page, size)

    async def list_ota_unfinished_task_by_device(self, product_key: str, device_name: str) -> list[Read[DeviceTaskRow]]:
        """ListOTAUnfinishedTaskByDevice: one device's unfinished parts, over all batches."""
        params = {"ProductKey": product_key, "DeviceName": device_name, **_numbered("TaskStatusList", UNFINISHED)}
        reply = await self._caller.call("ListOTAUnfinishedTaskByDevice", params)
        return self._page(reply, "data", DeviceTaskRow, 1, 0).rows

    async def cancel_ota_task_by_device(
        self, product_key: str, firmware_id: str, device_names: Sequence[str], *, job_id: str | None
    ) -> Reply:
        """CancelOTATaskByDevice: in one batch, or in every batch of the package when `job_id` is None."""
        if not device_names:
            raise ValueError("CancelOTATaskByDevice needs at least one device.")
        params = {
            "ProductKey": product_key,
            "FirmwareId": firmware_id,
            **_numbered("DeviceName", device_names),
        }
        if job_id is not None:
            params["JobId"] = job_id
        return await self._caller.call("CancelOTATaskByDevice", params, write=True)

    async def cancel_ota_task_by_job(self, job_id: str) -> Reply:
        """CancelOTATaskByJob with every flag it has, said explicitly: their defaults are not all documented."""
        flags = dict.fromkeys(("CancelQueuedTask", "CancelNotifiedTask", "CancelUnconfirmedTask"), "true")
        return await self._caller.call("CancelOTATaskByJob", {"JobId": job_id, **flags}, write=True)

    async def confirm_ota_task(self, task_ids: Sequence[str]) -> Reply:
        """ConfirmOTATask: at most 10 of them."""
        return await self._caller.call("ConfirmOTATask", _numbered("TaskId", task_ids), write=True)

    async def delete_ota_firmware(self, firmware_id: str) -> Reply:
        """DeleteOTAFirmware."""
        return await self._caller.call("DeleteOTAFirmware", {"FirmwareId": firmware_id}, write=True)

    async def create_ota_static_upgrade_job(
        self, params: dict[str, str], device_names: Sequence[str]
    ) -> tuple[CreatedJob, Reply]:
        """CreateOTAStaticUpgradeJob; the devices go as `TargetDeviceName.N`."""
        operation = "CreateOTAStaticUpgradeJob"
        reply = await self._caller.call(
            operation, {**params, **_numbered("TargetDeviceName", device_names)}, write=True
        )
        try:
            return read_row(rows_of(reply.members.get("data"))[0], CreatedJob), reply
        except (Unreadable, IndexError):
            request_id = next(iter(reply.request_ids), None)
            raise self._caller.http.lost(operation, "it cannot be read", request_id) from None

    def _page(self, reply: Reply, member: str, shape: type[Shape], page: int, size: int) -> NumberedPage[Shape]:
        rows = self._reading(reply, lambda: _read_all(rows_of(reply.members.get(member)), shape))
        total = count_of(reply.members.get("total"))
        if total and not rows and page == 1:
            # Rows that are counted and not there were lost on the way: the list is not empty.
            raise self._unreadable(reply)
        more = bool(rows) and (page * size < total if total is not None else len(rows) >= size)
        return NumberedPage(rows, more)

    def _one(self, reply: Reply, member: str, shape: type[Shape]) -> Read[Shape] | None:
        if member not in reply.members:
            raise self._unreadable(reply)
        return next(iter(self._page(reply, member, shape, 1, 1).rows), None)

    def _reading(self, reply: Reply, read: Callable[[], list[Read[Shape]]]) -> list[Read[Shape]]:
        try:
            return read()
        except Unreadable:
            raise self._unreadable(reply) from None

    def _unreadable(self, reply: Reply) -> VendorRejected:
        answer = VendorAnswer(status=200, headers={}, body=b"")
        return self._caller.http.unreadable(reply.operation, answer, next(iter(reply.request_ids), None))


def _read_all(rows: Iterable[dict[str, object]], shape: type[Shape]) -> list[Read[Shape]]:
    return [Read(read_row(row, shape), raw_of(row)) for row in rows]


def _paging(page: int, size: int) -> dict[str, str]:
    return {"CurrentPage": str(page), "PageSize": str(size)}


def _numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    return {f"{name}.{number}": value for number, value in enumerate(values, start=1)}
