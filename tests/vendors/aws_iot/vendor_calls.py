"""What each operation costs AWS IoT. Lists give 250 rows a page, packages and their versions 100; nothing is bulk."""

from typing import Any

from tests.support.call_table import BULK, ROWS, TASKS, Calls
from tests.support.simulated_gateway import SimulatedGateway

BEFORE_AND_AFTER = "The object is described before, to compare what was named with what stands there, and after."
WHICH_IS_DEFAULT = "GetPackage tells which version is the default one, which cannot be deleted."
CALLS = {
    "tasks": Calls({"ListJobs": 1}, grows="one per 250 jobs"),
    "tasks_streamed": Calls({"ListJobs": 1}),
    "tasks_described": Calls(
        {"ListJobs": 1, "DescribeJob": ROWS, "GetPackage": 3, "GetPackageVersion": 3},
        least=1 + ROWS + 3,
        why=WHICH_IS_DEFAULT,
        grows="DescribeJob one per job, there is no bulk read; the others one per package version",
    ),
    "tasks_with_executions": Calls({"ListJobs": 1, "ListJobExecutionsForJob": ROWS}, grows="one per job"),
    "task": Calls({"DescribeJob": 1}),
    "task_with_executions": Calls({"DescribeJob": 1, "ListJobExecutionsForJob": 1}),
    "executions_of_task": Calls({"ListJobExecutionsForJob": 1}, grows="one per 250 rows"),
    "executions_described": Calls(
        {"ListJobExecutionsForJob": 1}, grows="and one DescribeJobExecution per failed row whose `failure` is asked for"
    ),
    "executions_of_device": Calls({"ListJobExecutionsForThing": 1}, grows="one per 250 rows"),
    "executions_of_device_in_task": Calls({"DescribeJobExecution": 1}),
    "execution": Calls({"DescribeJobExecution": 1}),
    "executions_by_id": Calls({"DescribeJobExecution": BULK}, grows="one per execution, there is no bulk read"),
    "packages": Calls(
        {"ListPackages": 1, "ListPackageVersions": 3},
        grows="ListPackages one per 10 packages, ListPackageVersions one per package and 100 versions of it",
    ),
    "packages_streamed": Calls({"ListPackages": 1, "ListPackageVersions": 1}),
    "packages_described": Calls(
        {"ListPackages": 1, "ListPackageVersions": 1, "GetPackage": ROWS, "GetPackageVersion": ROWS},
        least=2 + ROWS,
        why=WHICH_IS_DEFAULT,
        grows="two per version, there is no bulk read",
    ),
    "package": Calls({"GetPackage": 1, "GetPackageVersion": 1}, least=1, why=WHICH_IS_DEFAULT),
    "package_used_by": Calls(
        {"GetPackage": 1, "GetPackageVersion": 1, "ListJobs": 1, "DescribeJob": TASKS},
        least=1 + 1 + TASKS,
        why=WHICH_IS_DEFAULT,
        grows="one per job: jobs cannot be listed by package, and only DescribeJob names packages",
    ),
    "createOtaTask": Calls({"CreateJob": 1, "DescribeJob": 1}, least=1, why="The job is read back."),
    "updateOtaTask": Calls({"DescribeJob": 2, "UpdateJob": 1}, least=1, why=BEFORE_AND_AFTER),
    "cancelOtaTask": Calls({"DescribeJob": 2, "CancelJob": 1}, least=1, why=BEFORE_AND_AFTER),
    "cancelDeviceUpgrade": Calls(
        {"DescribeJob": 1, "DescribeJobExecution": 4, "CancelJobExecution": 2},
        least=2,
        why=BEFORE_AND_AFTER,
        grows="three per device: one execution a call",
    ),
    "deleteJobExecution": Calls({"DescribeJobExecution": 2, "DeleteJobExecution": 1}, least=1, why=BEFORE_AND_AFTER),
    "deleteOtaPackage": Calls(
        {"GetPackage": 2, "GetPackageVersion": 2, "ListJobs": 1, "DescribeJob": 8, "DeletePackageVersion": 1},
        least=1,
        why=f"{BEFORE_AND_AFTER} {WHICH_IS_DEFAULT} Unfinished jobs are searched for one that uses it, past every "
        "cache, unless `force` is given.",
        grows="ListJobs one per 250 jobs, DescribeJob one per unfinished job",
    ),
    "deleteOtaTask": Calls({"DescribeJob": 2, "DeleteJob": 1}, least=1, why=BEFORE_AND_AFTER),
}


async def draft(gateway: SimulatedGateway) -> dict[str, Any]:
    """The members of a createOtaTask."""
    return {
        "name": "fw-9",
        "document": '{"operation":"install"}',
        "targets": ["arn:aws:iot:us-east-1:123456789012:thing/dev-000000"],
    }
