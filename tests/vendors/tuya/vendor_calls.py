"""What each operation costs Tuya. Batches are listed by firmware only, 200 a page; firmware and devices 100 a page."""

from typing import Any

from tests.support.call_table import ROWS, Calls
from tests.support.simulated_gateway import SimulatedGateway

BEFORE_AND_AFTER = "The object is read before, to compare what was named with what stands there, and after."
CALLS = {
    "tasks": Calls(
        {"ListOTAFirmware": 1, "ListOTAJobByFirmware": 5},
        grows="ListOTAFirmware one per 50 firmwares, so that their ids fit a cursor, where 100 would be answered; "
        "ListOTAJobByFirmware one per firmware and 200 batches of it",
    ),
    "tasks_streamed": Calls({"ListOTAFirmware": 1, "ListOTAJobByFirmware": 3}, grows="one per firmware on the page"),
    "tasks_described": Calls(
        {"ListOTAFirmware": 1, "ListOTAJobByFirmware": 3, "QueryOTAJob": ROWS, "QueryOTAFirmware": 2},
        grows="QueryOTAJob one per batch, QueryOTAFirmware one per firmware: there is no bulk read",
    ),
    "tasks_with_executions": Calls(
        {"ListOTAFirmware": 1, "ListOTAJobByFirmware": 3, "ListOTATaskByJob": ROWS}, grows="one per batch"
    ),
    "task": Calls({"QueryOTAJob": 1}),
    "task_with_executions": Calls({"QueryOTAJob": 1, "ListOTATaskByJob": 1}),
    "executions_of_task": Calls({"ListOTATaskByJob": 1}, grows="one per 100 rows"),
    "executions_described": Calls({"ListOTATaskByJob": 1}),
    "executions_of_device": Calls({"ListOTAUnfinishedTaskByDevice": 1}),
    "executions_of_device_in_task": Calls({"ListOTATaskByJob": 1}),
    "execution": Calls({"ListOTATaskByJob": 1}),
    "executions_by_id": Calls({"ListOTATaskByJob": 1}, grows="one per batch and 50 devices"),
    "packages": Calls({"ListOTAFirmware": 1}, grows="one per 100 firmwares"),
    "packages_streamed": Calls({"ListOTAFirmware": 1}),
    "packages_described": Calls({"ListOTAFirmware": 1}),
    "package": Calls({"QueryOTAFirmware": 1}),
    "package_used_by": Calls({"QueryOTAFirmware": 1, "ListOTAJobByFirmware": 1}, grows="one per 200 batches"),
    "createOtaTask": Calls({"CreateOTAStaticUpgradeJob": 1, "QueryOTAJob": 1}, least=1, why="The batch is read back."),
    "confirmOtaTask": Calls(
        {"QueryOTAJob": 2, "ListOTATaskByJob": 1, "ConfirmOTATask": 1},
        least=2,
        why=BEFORE_AND_AFTER,
        grows="ConfirmOTATask takes ten devices by name, so those that wait are listed first",
    ),
    "cancelOtaTask": Calls({"QueryOTAJob": 2, "CancelOTATaskByJob": 1}, least=1, why=BEFORE_AND_AFTER),
    "cancelDeviceUpgrade": Calls(
        {"QueryOTAJob": 1, "ListOTATaskByJob": 2, "CancelOTATaskByDevice": 1},
        least=1,
        why=BEFORE_AND_AFTER,
        grows="all but QueryOTAJob one per 50 devices",
    ),
    "deleteOtaPackage": Calls(
        {"QueryOTAFirmware": 2, "ListOTAJobByFirmware": 1, "DeleteOTAFirmware": 1},
        least=1,
        why=f"{BEFORE_AND_AFTER} Its batches are searched for a live one, past every cache, unless `force` is given.",
        grows="ListOTAJobByFirmware one per 200 batches",
    ),
}


async def draft(gateway: SimulatedGateway) -> dict[str, Any]:
    """The members of a createOtaTask."""
    tasks = await gateway.ask(
        "{ tasks { nodes { package { id } executions { nodes { device { name productKey } } } } } }"
    )
    task = tasks["tasks"]["nodes"][0]
    device = task["executions"]["nodes"][0]["device"]
    return {
        "packageId": task["package"]["id"],
        "productKey": device["productKey"],
        "targets": [device["name"]],
        "vendorOptions": {"NeedConfirm": True},
    }
