"""Objects as Tuya words them in its answers: the tables' names with the first letter lowered."""

from datetime import UTC, datetime
from typing import Any

from gateway.vendors.tuya.simulator.firmware import NO_VERIFICATION_NEEDED, VERIFIED, Firmware
from gateway.vendors.tuya.simulator.iot_ids import iot_id
from gateway.vendors.tuya.simulator.jobs import Job
from gateway.vendors.tuya.simulator.platform import job_id, task_id


def wire_time(seconds: float) -> str:
    """Epoch seconds as `2024-11-11T11:11:11.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def firmware_item(firmware: Firmware) -> dict[str, Any]:
    """A package as it stands in a list, where -1 (no verification needed) is not among the statuses."""
    status = VERIFIED if firmware.status == NO_VERIFICATION_NEEDED else firmware.status
    return {**_firmware(firmware), "status": status}


def whole_firmware(firmware: Firmware, now: float) -> dict[str, Any]:
    """A package by itself; its URL is signed, and a secret."""
    expires = int(now) + 86400
    return {
        **_firmware(firmware),
        "status": firmware.status,
        "udi": firmware.udi,
        "firmwareUrl": f"https://firmware-store.example/ota/{firmware.firmware_id}?Expires={expires}&Signature=simulated",
    }


def job_item(job: Job, now: float) -> dict[str, Any]:
    """A job as it stands in a list."""
    return {
        "jobId": job_id(job),
        "firmwareId": job.firmware_id,
        "productKey": job.product_key,
        "jobStatus": job.status(now),
        "jobType": "UPGRADE_FIRMWARE",
        "targetSelection": job.target_selection,
        "utcCreate": wire_time(job.created),
        "utcModified": wire_time(max(job.created, job.modified)),
    }


def whole_job(job: Job, firmware: Firmware, now: float) -> dict[str, Any]:
    """A job by itself. Members without a value are absent, as the retry members are documented to be."""
    begun = job.begun
    return {
        **job_item(job, now),
        "name": firmware.name,
        "jobDesc": "",
        "destVersion": firmware.dest_version,
        "downloadProtocol": "HTTPS",
        "needConfirm": job.need_confirm,
        "needPush": job.need_push,
        "srcVersions": {"srcVersion": job.src_versions},
        **({"grayPercent": job.gray_percent} if job.gray_percent is not None else {}),
        **({"retryCount": job.retry_count} if job.retry_count is not None else {}),
        **({"retryInterval": job.retry_interval} if job.retry_interval is not None else {}),
        **({"timeoutInMinutes": job.timeout} if job.timeout is not None else {}),
        **({"utcScheduleTime": wire_time(begun)} if begun is not None and begun > now else {}),
        **({"utcStartTime": wire_time(begun)} if begun is not None and begun <= now else {}),
    }


def task_item(job: Job, place: int, firmware: Firmware, now: float) -> dict[str, Any]:
    """A device task in the list of a job."""
    return {
        **_task(job, place, firmware, now),
        "progress": job.progress_of(place, now),
        "taskDesc": job.description_of(place, now),
        "timeout": None if job.timeout is None else str(job.timeout),
    }


def unfinished_item(job: Job, place: int, firmware: Firmware, now: float) -> dict[str, Any]:
    """A device task in the list of a device: no progress, but the module."""
    return {**_task(job, place, firmware, now), "moduleName": firmware.module_name}


def _firmware(firmware: Firmware) -> dict[str, Any]:
    return {
        "firmwareId": firmware.firmware_id,
        "firmwareName": firmware.name,
        "firmwareDesc": firmware.description,
        "productKey": firmware.product_key,
        "productName": firmware.product_name,
        "moduleName": firmware.module_name,
        "srcVersion": firmware.src_version,
        "destVersion": firmware.dest_version,
        "type": 0,
        "firmwareSize": firmware.size,
        "firmwareSign": firmware.sign,
        "signMethod": firmware.sign_method,
        "utcCreate": wire_time(firmware.created),
        "utcModified": wire_time(firmware.created),
    }


def _task(job: Job, place: int, firmware: Firmware, now: float) -> dict[str, Any]:
    name = job.devices.name(place)
    return {
        "taskId": task_id(job, place),
        "jobId": job_id(job),
        "firmwareId": job.firmware_id,
        "productKey": job.product_key,
        "productName": firmware.product_name,
        "deviceName": name,
        "iotId": iot_id(job.product_key, name),
        "srcVersion": firmware.src_version,
        "destVersion": firmware.dest_version,
        "taskStatus": job.status_of(place, now),
        "utcCreate": wire_time(job.created),
        "utcModified": wire_time(job.changed_at(place, now)),
    }
