"""What the fault matrix asks of the gateway: every read, and every change on an object that allows it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.faulty_world import FaultyWorld
from tests.support.simulated_gateway import CHANGES

_RESULT = "backends { name status error { __typename code message } }"
_TASK = """id status vendorStatus description outcome package { id name } executionCounts { total } startedAt
  vendorDetails { __typename ... on AwsIotJobDetails { document } } raw backend { name }"""
_ROWS = f"nodes {{ id backend {{ name }} }} {_RESULT}"
# Reads over all backends, whose rows of the healthy ones must stand.
LISTS = {
    "tasks": f"{{ list: tasks(first: 40) {{ {_ROWS} }} }}",
    "tasks, order BACKEND": f"{{ list: tasks(first: 40, orderBy: {{field: BACKEND}}) {{ {_ROWS} }} }}",
    "tasks, filtered": "{ list: tasks(first: 40, filter: {status: [IN_PROGRESS, COMPLETED, CANCELED, SCHEDULED]}) "
    f"{{ {_ROWS} }} }}",
    "tasks with every field": f"{{ list: tasks(first: 40) {{ nodes {{ {_TASK} }} {_RESULT} }} }}",
    "tasks with executions": f"{{ list: tasks(first: 40) {{ nodes {{ id backend {{ name }} executions(first: 2) "
    f"{{ nodes {{ id }} {_RESULT} }} }} {_RESULT} }} }}",
    "packages": f"{{ list: packages(first: 40) {{ {_ROWS} }} }}",
    "packages, order BACKEND": f"{{ list: packages(first: 40, orderBy: {{field: BACKEND}}) {{ {_ROWS} }} }}",
    "packages with every field": "{ list: packages(first: 40) { nodes { id description checksum sizeBytes raw "
    f"vendorDetails {{ __typename }} backend {{ name }} }} {_RESULT} }} }}",
}
# Reads of the faulty backend's own objects.
SINGLE = {
    "task": f"query Q($task: ID!) {{ task(id: $task) {{ {_TASK} }} }}",
    "task as a node": "query Q($task: ID!) { node(id: $task) { id ... on OtaTask { status raw } } }",
    "task as an entity": 'query Q($task: ID!) { _entities(representations: [{__typename: "OtaTask", id: $task}]) '
    "{ ... on OtaTask { id status } } }",
    "executions of a task": f"query Q($task: ID!) {{ executions(filter: {{taskId: $task}}) {{ {_ROWS} }} }}",
    "task with its executions": f"query Q($task: ID!) {{ task(id: $task) {{ executions {{ {_ROWS} }} }} }}",
    "execution": "query Q($execution: ID!) { execution(id: $execution) { id status failure { reason } raw "
    "task { id status } } }",
    "executions of a device": f"query Q($device: ID!) {{ node(id: $device) {{ ... on OtaDevice {{ id executions "
    f"{{ {_ROWS} }} }} }} }}",
    "executions of a device in a task": "query Q($task: ID!, $place: OtaDeviceRef!) { executions(filter: "
    f"{{taskId: $task, device: $place}}) {{ {_ROWS} }} }}",
    "objects by their ids": "query Q($task: ID!, $execution: ID!, $package: ID!) "
    "{ nodes(ids: [$task, $execution, $package]) { id __typename } }",
    "package": "query Q($package: ID!) { package(id: $package) { id name status raw vendorDetails { __typename } } }",
    "package with its users": "query Q($package: ID!) { package(id: $package) { usedBy(first: 5) "
    f"{{ {_ROWS} }} }} }}",
    "health": "{ backends { name health { state circuit callsLastMinute lastError { code } } } }",
}
WATCHED = {
    "taskUpdated": "subscription S($task: ID!) { taskUpdated(ids: [$task]) { id status } }",
    "executionUpdated": "subscription S($task: ID!) { executionUpdated(taskId: $task) { id status } }",
}
OPERATION = {
    "createOtaTask": "CREATE_TASK",
    "updateOtaTask": "UPDATE_TASK",
    "confirmOtaTask": "CONFIRM_TASK",
    "retryOtaTask": "RETRY_TASK",
    "cancelOtaTask": "CANCEL_TASK",
    "deleteOtaTask": "DELETE_TASK",
    "deleteOtaPackage": "DELETE_PACKAGE",
    "cancelDeviceUpgrade": "CANCEL_EXECUTION",
    "deleteJobExecution": "DELETE_EXECUTION",
}
# What changes something at the vendor, by its own names; all else reads.
WRITES: Mapping[str, tuple[str, ...]] = {
    "aws-iot": (
        *("CreateJob", "UpdateJob", "CancelJob", "DeleteJob", "DeletePackageVersion"),
        *("CancelJobExecution", "DeleteJobExecution"),
    ),
    "aws-managed-integrations": ("CreateOtaTask", "UpdateOtaTask", "DeleteOtaTask"),
    "huawei-iotda": (
        *("CreateBatchTask", "DeleteBatchTask", "StopBatchTask", "RetryBatchTask", "ConfirmBatchTask"),
        "DeleteOtaPackage",
    ),
    "tuya": (
        *("CreateOTAStaticUpgradeJob", "ConfirmOTATask", "CancelOTATaskByDevice", "CancelOTATaskByJob"),
        "DeleteOTAFirmware",
    ),
}
_ALLOWED = "allowedOperations { operation allowed needsForce }"
_OBJECTS = f"""query Objects($names: [String!]) {{
  tasks(first: 40, filter: {{backends: $names}}) {{ nodes {{ id nativeId package {{ id nativeId }} {_ALLOWED}
    executions(first: 20) {{ nodes {{ id status device {{ id name productKey }} {_ALLOWED} }} }} }} }}
  packages(first: 40, filter: {{backends: $names}}) {{ nodes {{ id nativeId kind {_ALLOWED} }}
    backends {{ status }} }} }}"""
_PAYLOAD = """errors { __typename code message target } auditEntryId
  preview { affected sideEffects wouldRefuse { __typename code } }"""
_RESULTS = "results { target outcome error { __typename code } }"


def is_write(request: bytes) -> bool:
    """Whether a request on the wire changes something: Tuya says so in its action, the others in their method."""
    line = request.split(b"\r\n", 1)[0]
    if b"Action=" in line:
        return not any(b"Action=" + verb in line for verb in (b"List", b"Query"))
    return not line.startswith(b"GET ")


@dataclass(slots=True)
class Objects:
    """What the faulty backend holds, as the gateway shows it."""

    tasks: list[dict[str, Any]]
    packages: list[dict[str, Any]]
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def executions(self) -> list[dict[str, Any]]:
        """Those of all tasks."""
        return [one for task in self.tasks for one in task["executions"]["nodes"]]


async def objects_of(world: FaultyWorld) -> Objects:
    """Read them while nothing ails."""
    async with asyncio.timeout(60):
        while True:
            answer = (await world.post(_OBJECTS, names=[world.name])).json()
            data = answer["data"]
            found = Objects(data["tasks"]["nodes"], data["packages"]["nodes"])
            task = next((one for one in found.tasks if one["executions"]["nodes"]), None)
            if "errors" not in answer and task and data["packages"]["backends"][0]["status"] != "FAILED":
                break
            # A machine that is busy may be later than the little time of this backend allows.
            await asyncio.sleep(0.2)
    execution = task["executions"]["nodes"][0]
    package = (found.packages or [one["package"] for one in found.tasks if one["package"]])[0]
    found.variables = {
        "task": task["id"],
        "execution": execution["id"],
        "device": execution["device"]["id"],
        "place": {"backend": world.name, **{name: execution["device"][name] for name in ("name", "productKey")}},
        "package": package["id"],
    }
    return found


def _allowing(rows: list[dict[str, Any]], operation: str) -> dict[str, Any] | None:
    """The first row that allows it, without force where there is one."""
    rank = {(True, False): 0, (False, True): 1}
    ranked = [
        (rank[one["allowed"], one["needsForce"]], place)
        for place, row in enumerate(rows)
        for one in row["allowedOperations"]
        if one["operation"] == operation and (one["allowed"], one["needsForce"]) in rank
    ]
    return rows[min(ranked)[1]] if ranked else None


def _statuses(task: dict[str, Any]) -> list[str]:
    return [one["status"] for one in task["executions"]["nodes"]]


def change_of(world: FaultyWorld, name: str, objects: Objects) -> tuple[dict[str, Any], str | None]:
    """The members of a change, and the id of what it names; any object where the vendor has no such operation."""
    operation = OPERATION[name]
    if name == "createOtaTask":
        return {"backend": world.name, **_draft(world.slug, objects)}, None
    if name == "deleteOtaPackage":
        row = _allowing(objects.packages, operation) or {"id": objects.variables["package"]}
        return {"id": row["id"], "force": True}, row["id"]
    if name in {"cancelDeviceUpgrade", "deleteJobExecution"}:
        row = _allowing(objects.executions, operation) or objects.executions[0]
        named: dict[str, Any] = {"executionIds": [row["id"]]} if name == "cancelDeviceUpgrade" else {"id": row["id"]}
        return {**named, "force": True}, row["id"]
    waiting = [task for task in objects.tasks if "AWAITING_CONFIRMATION" in _statuses(task)]
    rows = waiting if name == "confirmOtaTask" and waiting else objects.tasks
    row = _allowing(rows, operation) or rows[0]
    members: dict[str, Any] = {"id": row["id"]}
    if name in {"cancelOtaTask", "deleteOtaTask"}:
        members["force"] = True
    if name == "updateOtaTask":
        members["description"] = "another description"
    return members, row["id"]


def _draft(slug: str, objects: Objects) -> dict[str, Any]:
    if slug == "aws-iot":
        target = "arn:aws:iot:us-east-1:123456789012:thing/dev-000000"
        return {"name": "fw-9", "document": '{"operation":"install"}', "targets": [target]}
    if slug == "aws-managed-integrations":
        return {"description": "hub firmware 4", "s3Url": "s3://ota/hub-4.json", "targets": ["thing000000"]}
    device = objects.executions[0]["device"]
    if slug == "huawei-iotda":
        package = next(one for one in objects.packages if one["kind"] == "FIRMWARE")
        options = {"need_confirm": True}
        return {"name": "wave_1", "packageId": package["id"], "targets": [device["name"]], "vendorOptions": options}
    task = next(one for one in objects.tasks if device in [each["device"] for each in one["executions"]["nodes"]])
    return {
        "packageId": task["package"]["id"],
        "productKey": device["productKey"],
        "targets": [device["name"]],
        "vendorOptions": {"NeedConfirm": True},
    }


def document_of(name: str) -> str:
    """The mutation, as one GraphQL document."""
    shown = _RESULTS if name == "cancelDeviceUpgrade" else "outcome"
    return f"mutation Change($input: {CHANGES[name]}!) {{ change: {name}(input: $input) {{ {shown} {_PAYLOAD} }} }}"
