"""Objects as IoTDA words them in its answers."""

from datetime import UTC, datetime
from typing import Any

from gateway.vendors.huawei_iotda.simulator.packages import OtaPackage
from gateway.vendors.huawei_iotda.simulator.progress import FAIL, RETRY_PENDING
from gateway.vendors.huawei_iotda.simulator.refusals import STAND_IN
from gateway.vendors.huawei_iotda.simulator.tasks import BatchTask

_COUNTERS = {
    "Processing": "processing",
    "Success": "success",
    "Fail": "fail",
    "Waitting": "waitting",
    "FailWaitRetry": "fail_wait_retry",
    "Stopped": "stopped",
    "Removed": "removed",
}


def wire_time(seconds: float) -> str:
    """Epoch seconds as `yyyyMMdd'T'HHmmss'Z'`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def package_item(package: OtaPackage) -> dict[str, Any]:
    """A package as it stands in a list: without its file."""
    return {
        "package_id": package.package_id,
        "app_id": package.app_id,
        "package_type": package.package_type,
        "product_id": package.product_id,
        "product_name": package.product_name,
        "module_name": package.module_name,
        "version": package.version,
        "support_source_versions": package.support_source_versions,
        "description": package.description,
        "custom_info": package.custom_info,
        "create_time": wire_time(package.created),
    }


def whole_package(package: OtaPackage) -> dict[str, Any]:
    """A package with its file."""
    return {**package_item(package), "file_location": {"obs_location": package.obs_location}}


def whole_task(task: BatchTask, now: float) -> dict[str, Any]:
    """A task; lists show the same members."""
    counts = task.counts(now)
    total = len(task.devices)
    return {
        "task_id": task.task_id,
        "task_name": task.name,
        "task_type": task.task_type,
        "task_mode": task.mode,
        "need_confirm": task.need_confirm,
        "task_ext_info": task.ext_info,
        "targets": [task.devices.name(place) for place in range(total)] if task.targets_listed else None,
        "targets_filter": {"group_ids": task.group_ids} if task.group_ids else None,
        "document": {"package_ids": task.package_ids},
        "task_policy": task.policy,
        "status": task.status(now),
        "status_desc": None if total else "The groups hold no devices.",
        "task_progress": {"total": total, **{_COUNTERS[state]: count for state, count in counts.items()}},
        "create_time": wire_time(task.created),
    }


def task_detail(task: BatchTask, place: int, now: float) -> dict[str, Any]:
    """One device of a task. There is no more than this: no id, no time, no version."""
    status = task.status_of(place, now)
    failed = status in {FAIL, RETRY_PENDING}
    error = {"error_code": STAND_IN["upgrade_failed"], "error_msg": task.failure_text(place)} if failed else None
    return {"target": task.devices.name(place), "status": status, "output": None, "error": error}
