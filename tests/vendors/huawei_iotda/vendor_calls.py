"""What each operation costs Huawei. Lists give 50 rows a page of one type of three; a task is read with its devices."""

from typing import Any

from tests.support.call_table import BULK, ROWS, Calls
from tests.support.simulated_gateway import SimulatedGateway

BEFORE_AND_AFTER = "The object is read before, to compare what was named with what stands there, and after."
CALLS = {
    "tasks": Calls({"ListBatchTasks": 3}, grows="one per upgrade type and 50 tasks of it"),
    "tasks_streamed": Calls({"ListBatchTasks": 1}),
    "tasks_described": Calls(
        {"ListBatchTasks": 1, "ShowOtaPackage": ROWS}, grows="ShowOtaPackage one per package, there is no bulk read"
    ),
    "tasks_with_executions": Calls({"ListBatchTasks": 1, "ShowBatchTask": ROWS}, grows="one per task"),
    "task": Calls({"ShowBatchTask": 1}),
    "task_with_executions": Calls(
        {"ShowBatchTask": 2},
        least=1,
        why="ShowBatchTask tells of a task and a page of its devices; the two fields are read each on its own.",
    ),
    "executions_of_task": Calls({"ShowBatchTask": 1}, grows="one per 50 rows"),
    "executions_described": Calls({"ShowBatchTask": 1}),
    "executions_of_device_in_task": Calls({"ShowBatchTask": 1}),
    "execution": Calls({"ShowBatchTask": 1}),
    "executions_by_id": Calls(
        {"ShowBatchTask": BULK},
        least=1,
        why="A page of 50 devices could hold all that are wanted, or none of them; one target a call is certain.",
        grows="one per execution",
    ),
    "packages": Calls({"ListOtaPackageInfo": 3}, grows="one per package type and 50 packages of it"),
    "packages_streamed": Calls({"ListOtaPackageInfo": 1}),
    "packages_described": Calls(
        {"ListOtaPackageInfo": 1, "ShowOtaPackage": ROWS}, grows="ShowOtaPackage one per package, there is no bulk read"
    ),
    "package": Calls({"ShowOtaPackage": 1}),
    "package_used_by": Calls(
        {"ShowOtaPackage": 1, "ListBatchTasks": 3}, grows="as `tasks`: they cannot be listed by package"
    ),
    "createOtaTask": Calls(
        {"ShowOtaPackage": 1, "CreateBatchTask": 1, "ShowBatchTask": 1},
        least=1,
        why="The task's type follows from its package, unless vendorOptions name it, and the task is read back.",
    ),
    "confirmOtaTask": Calls({"ShowBatchTask": 2, "ConfirmBatchTask": 1}, least=1, why=BEFORE_AND_AFTER),
    "retryOtaTask": Calls({"ShowBatchTask": 2, "RetryBatchTask": 1}, least=1, why=BEFORE_AND_AFTER),
    "cancelOtaTask": Calls({"ShowBatchTask": 2, "StopBatchTask": 1}, least=1, why=BEFORE_AND_AFTER),
    "cancelDeviceUpgrade": Calls(
        {"ShowBatchTask": 5, "StopBatchTask": 1},
        least=1,
        why=BEFORE_AND_AFTER,
        grows="ShowBatchTask twice per device, StopBatchTask one per 100",
    ),
    "deleteOtaTask": Calls({"ShowBatchTask": 2, "DeleteBatchTask": 1}, least=1, why=BEFORE_AND_AFTER),
    "deleteOtaPackage": Calls(
        {"ListBatchTasks": 3, "ShowOtaPackage": 2, "DeleteOtaPackage": 1},
        least=1,
        why=f"{BEFORE_AND_AFTER} Tasks are searched for one that uses it, past every cache, unless `force` is given.",
        grows="ListBatchTasks as `tasks`",
    ),
}


async def draft(gateway: SimulatedGateway) -> dict[str, Any]:
    """The members of a createOtaTask."""
    packages = await gateway.ask("{ packages(filter: { kind: [FIRMWARE] }) { nodes { id } } }")
    tasks = await gateway.ask("{ tasks { nodes { executions { nodes { device { name } } } } } }")
    device = tasks["tasks"]["nodes"][0]["executions"]["nodes"][0]["device"]["name"]
    return {
        "name": "wave_of_one",
        "packageId": packages["packages"]["nodes"][0]["id"],
        "targets": [device],
        "vendorOptions": {"need_confirm": True},
    }
