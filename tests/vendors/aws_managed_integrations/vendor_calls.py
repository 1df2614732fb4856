"""What each operation costs managed integrations. Lists give 1000 rows a page; nothing is bulk."""

from typing import Any

from tests.support.call_table import ROWS, Calls
from tests.support.simulated_gateway import SimulatedGateway

BEFORE_AND_AFTER = "The task is read before, to compare what was named with what stands there, and after."
CALLS = {
    "tasks": Calls({"ListOtaTasks": 1}, grows="one per 1000 tasks"),
    "tasks_streamed": Calls({"ListOtaTasks": 1}),
    "tasks_described": Calls(
        {"ListOtaTasks": 1, "GetOtaTask": ROWS}, grows="GetOtaTask one per task, there is no bulk read"
    ),
    "tasks_with_executions": Calls({"ListOtaTasks": 1, "ListOtaTaskExecutions": ROWS}, grows="one per task"),
    "task": Calls({"GetOtaTask": 1}),
    "task_with_executions": Calls({"GetOtaTask": 1, "ListOtaTaskExecutions": 1}),
    "executions_of_task": Calls({"ListOtaTaskExecutions": 1}, grows="one per 1000 rows"),
    "executions_described": Calls({"ListOtaTaskExecutions": 1}),
    "executions_of_device_in_task": Calls(
        {"ListOtaTaskExecutions": 1}, grows="one per 1000 devices of the task: one device cannot be asked for"
    ),
    "execution": Calls(
        {"ListOtaTaskExecutions": 1},
        grows="one per 1000 devices of the task until it is found: one execution cannot be asked for",
    ),
    "executions_by_id": Calls({"ListOtaTaskExecutions": 1}, grows="one walk per task, whatever the number"),
    "package": Calls({"GetOtaTask": 1}),
    "package_used_by": Calls({"GetOtaTask": 1, "ListOtaTasks": 1}, grows="one per 1000 tasks"),
    "createOtaTask": Calls({"CreateOtaTask": 1, "GetOtaTask": 1}, least=1, why="The task is read back."),
    "updateOtaTask": Calls({"GetOtaTask": 2, "UpdateOtaTask": 1}, least=1, why=BEFORE_AND_AFTER),
    "deleteOtaTask": Calls({"GetOtaTask": 2, "DeleteOtaTask": 1}, least=1, why=BEFORE_AND_AFTER),
}


async def draft(gateway: SimulatedGateway) -> dict[str, Any]:
    """The members of a createOtaTask."""
    return {"description": "hub firmware 4", "s3Url": "s3://ota/hub-4.json", "targets": ["thing000000"]}
