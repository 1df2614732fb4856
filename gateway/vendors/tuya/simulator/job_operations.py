"""The operations on jobs and device tasks.

Limits that only Alibaba states for the same operations are kept here too: 50 DeviceNames.N, 200 DeviceName.N, one flag
at least to cancel by job, TaskStatus or TaskStatusList.N for a device's unfinished tasks. ConfirmOTATask does all or
nothing.
"""

from itertools import islice
from typing import Any

from gateway.vendorkit.simulation.device_names import DeviceList, Devices
from gateway.vendors.tuya.simulator.firmware import NO_VERIFICATION_NEEDED, VERIFIED
from gateway.vendors.tuya.simulator.firmware_operations import find_firmware
from gateway.vendors.tuya.simulator.iot_ids import named_by
from gateway.vendors.tuya.simulator.jobs import Job
from gateway.vendors.tuya.simulator.parameters import PageRequest, Parameters
from gateway.vendors.tuya.simulator.platform import Platform, job_id
from gateway.vendors.tuya.simulator.progress import (
    CANCELABLE,
    CONFIRM,
    NOTIFIED,
    QUEUED,
    STATUSES,
    UNFINISHED,
    Wave,
)
from gateway.vendors.tuya.simulator.refusals import (
    BAD_PARAMETER,
    FIRMWARE_NOT_VERIFIED,
    JOB_NOT_FOUND,
    NOT_CANCELABLE,
    NOT_CONFIRMABLE,
    TASK_NOT_FOUND,
    failed,
    turned_away,
)
from gateway.vendors.tuya.simulator.wording import job_item, task_item, unfinished_item, whole_job, wire_time

_RETRY_INTERVALS = frozenset({0, 10, 30, 60, 1440})
_RETRY_COUNTS = frozenset({1, 2, 5})
_MOST_DEVICES = 200


class JobOperations:
    """Each takes the parameters and the time (epoch seconds) and gives the members of the answer."""

    def __init__(self, platform: Platform, *, speed: float, strict_cancel: bool) -> None:
        self._platform = platform
        self._speed = speed
        self._strict = strict_cancel

    # ------------------------------------------------------------------ reading

    def list_jobs_of_firmware(self, asked: Parameters, now: float) -> dict[str, Any]:
        """ListOTAJobByFirmware."""
        firmware = find_firmware(self._platform, asked.required("FirmwareId"))
        page = asked.page(200)
        jobs = self._platform.jobs[firmware.firmware_id]
        shown = islice(reversed(jobs), page.start, page.start + page.size)
        return {**page.members(len(jobs)), "data": [job_item(job, now) for job in shown]}

    def list_jobs_of_device(self, asked: Parameters, now: float) -> dict[str, Any]:
        """ListOTAJobByDevice."""
        product_key, name = asked.required("ProductKey"), asked.required("DeviceName")
        firmware = find_firmware(self._platform, asked.required("FirmwareId"))
        page = asked.page(100)
        found = [
            job
            for job in reversed(self._platform.jobs[firmware.firmware_id])
            if job.product_key == product_key and job.devices.place(name) is not None
        ]
        rows = [job_item(job, now) for job in found[page.start : page.start + page.size]]
        return {**page.members(len(found)), "data": rows}

    def query_job(self, asked: Parameters, now: float) -> dict[str, Any]:
        """QueryOTAJob."""
        job = self._job(asked.required("JobId"))
        return {"data": whole_job(job, self._platform.firmware[job.firmware_id], now)}

    def list_tasks(self, asked: Parameters, now: float) -> dict[str, Any]:
        """ListOTATaskByJob. Devices named override the paging."""
        job = self._job(asked.required("JobId"))
        status = self._status(asked.optional("TaskStatus"))
        names = asked.several("DeviceNames", 50)
        page = asked.page(100, required=False)
        if names:
            places = [place for name in names if (place := job.devices.place(name)) is not None]
            shown = [place for place in places if status in (None, job.status_of(place, now))]
            page, total = PageRequest(1, max(len(names), 1)), len(shown)
        elif status is None:
            total = len(job.devices)
            shown = list(range(min(page.start, total), min(page.start + page.size, total)))
        else:
            total = job.counts(now)[status]
            shown = list(islice(job.places(status, now), page.start, page.start + page.size))
        firmware = self._platform.firmware[job.firmware_id]
        return {**page.members(total), "data": [task_item(job, place, firmware, now) for place in shown]}

    def list_unfinished(self, asked: Parameters, now: float) -> dict[str, Any]:
        """ListOTAUnfinishedTaskByDevice."""
        product_key, name = asked.optional("ProductKey"), asked.optional("DeviceName")
        if (iot_id := asked.optional("IotId")) is not None:
            product_key, name = named_by(iot_id) or ("", "")
        if product_key is None or name is None:
            raise turned_away("MissingIotId", "IotId, or ProductKey and DeviceName, is mandatory for this action.")
        single = asked.optional("TaskStatus")
        wanted = [single] if single else asked.some("TaskStatusList", len(UNFINISHED))
        if not UNFINISHED.issuperset(wanted):
            raise failed(BAD_PARAMETER, "The task status is not an unfinished one.")
        module = asked.optional("ModuleName")
        rows = []
        for job in self._platform.jobs_of_product(product_key):
            place = job.devices.place(name)
            firmware = self._platform.firmware[job.firmware_id]
            if place is None or module not in (None, firmware.module_name):
                continue
            if job.status_of(place, now) in wanted:
                rows.append(unfinished_item(job, place, firmware, now))
        return {"data": rows}

    # ------------------------------------------------------------------ changing

    def create_job(self, asked: Parameters, now: float) -> dict[str, Any]:
        """CreateOTAStaticUpgradeJob."""
        firmware = find_firmware(self._platform, asked.required("FirmwareId"))
        product_key, selection = asked.required("ProductKey"), asked.required("TargetSelection")
        if product_key != firmware.product_key:
            raise failed(BAD_PARAMETER, "The firmware is for another product.")
        if firmware.status not in {VERIFIED, NO_VERIFICATION_NEEDED}:
            raise failed(FIRMWARE_NOT_VERIFIED, "The firmware is not verified.")
        if asked.optional("DownloadProtocol") not in (None, "HTTPS"):
            raise failed(BAD_PARAMETER, "DownloadProtocol is HTTPS.")
        count, interval = asked.number("RetryCount", _RETRY_COUNTS), asked.number("RetryInterval", _RETRY_INTERVALS)
        if interval is not None and count is None:
            raise turned_away("MissingRetryCount", "RetryCount is mandatory with RetryInterval.")
        devices, gray = self._targets(asked, product_key, selection)
        need_confirm = asked.flag("NeedConfirm") is True
        job = Job(
            number=self._platform.next_job_number(),
            firmware_id=firmware.firmware_id,
            product_key=product_key,
            devices=devices,
            wave=Wave(count=len(devices), fail_every=9, fail_phase=8),
            created=now,
            modified=now,
            speed=self._speed,
            target_selection=selection,
            begun=None if need_confirm else now,
            need_confirm=need_confirm,
            need_push=asked.flag("NeedPush") is not False,
            src_versions=asked.several("SrcVersion", 10),
            gray_percent=gray,
            retry_count=count,
            retry_interval=interval,
            timeout=asked.number("TimeoutInMinutes", range(1, 1441)),
        )
        self._platform.add_job(job)
        return {"data": {"jobId": job_id(job), "utcCreate": wire_time(now)}}

    def confirm(self, asked: Parameters, now: float) -> dict[str, Any]:
        """ConfirmOTATask."""
        tasks = []
        for task_id in asked.some("TaskId", 10):
            task = self._platform.task(task_id)
            if task is None or task[0].firmware_id not in self._platform.firmware:
                raise failed(TASK_NOT_FOUND, "The task does not exist.")
            if task[0].status_of(task[1], now) != CONFIRM:
                raise failed(NOT_CONFIRMABLE, "The task does not wait for a confirmation.")
            tasks.append(task)
        for job, place in tasks:
            job.confirm(place, now)
        return {}

    def cancel_by_job(self, asked: Parameters, now: float) -> dict[str, Any]:
        """CancelOTATaskByJob. Without CancelUnconfirmedTask, CancelQueuedTask takes unconfirmed tasks too."""
        job = self._job(asked.required("JobId"))
        queued, notified = asked.flag("CancelQueuedTask"), asked.flag("CancelNotifiedTask")
        unconfirmed = asked.flag("CancelUnconfirmedTask")
        if unconfirmed is None:
            unconfirmed = queued
        chosen = {QUEUED: queued, NOTIFIED: notified, CONFIRM: unconfirmed}
        statuses = frozenset(status for status, wanted in chosen.items() if wanted)
        if not statuses:
            raise failed(BAD_PARAMETER, "At least one of the cancel flags must be true.")
        job.cancel(statuses, now)
        return {}

    def cancel_by_device(self, asked: Parameters, now: float) -> dict[str, Any]:
        """CancelOTATaskByDevice. Without JobId, every batch of the package."""
        product_key = asked.required("ProductKey")
        firmware = find_firmware(self._platform, asked.required("FirmwareId"))
        names = asked.some("DeviceName", _MOST_DEVICES)
        job_id_asked = asked.optional("JobId")
        jobs = self._platform.jobs[firmware.firmware_id] if job_id_asked is None else [self._job(job_id_asked)]
        jobs = [job for job in jobs if job.product_key == product_key and job.firmware_id == firmware.firmware_id]
        found: list[tuple[Job, int]] = []
        for name in names:
            tasks = [(job, place) for job in jobs if (place := job.devices.place(name)) is not None]
            open_tasks = [(job, place) for job, place in tasks if job.status_of(place, now) in CANCELABLE]
            if self._strict and not open_tasks:
                raise failed(NOT_CANCELABLE, "A named device has no task that can be canceled.")
            found += open_tasks
        for job, place in found:
            job.cancel_one(place, now)
        return {}

    # ------------------------------------------------------------------ looking up

    def _job(self, job_id_asked: str) -> Job:
        job = self._platform.job(job_id_asked)
        if job is None or job.firmware_id not in self._platform.firmware:
            raise failed(JOB_NOT_FOUND, "The upgrade batch does not exist.")
        return job

    def _status(self, text: str | None) -> str | None:
        if text is not None and text not in STATUSES:
            raise failed(BAD_PARAMETER, "TaskStatus is not a status of tasks.")
        return text

    def _targets(self, asked: Parameters, product_key: str, selection: str) -> tuple[Devices, str | None]:
        if selection == "SPECIFIC":
            return DeviceList(asked.some("TargetDeviceName", _MOST_DEVICES)), None
        fleet = self._platform.fleets[product_key]
        if selection == "ALL":
            return fleet, None
        if selection != "GRAY":
            raise failed(BAD_PARAMETER, "TargetSelection is ALL, SPECIFIC or GRAY here; there are no groups.")
        percent = asked.number("GrayPercent", range(1, 101))
        if percent is None:
            raise turned_away("MissingGrayPercent", "GrayPercent is mandatory with TargetSelection GRAY.")
        share = max(1, len(fleet) * percent // 100)
        return type(fleet)(fleet.prefix, fleet.first, share), str(percent)
