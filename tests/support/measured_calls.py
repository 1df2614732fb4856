"""What each operation of call_table costs a vendor, counted at its simulator, asked of the served gateway over HTTP."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.call_table import BULK, ROWS
from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway

TASK_FIELDS = """id description outcome package { id } executionCounts { total } progress { percent } startedAt endedAt
  vendorDetails { __typename }"""
EXECUTION_FIELDS = "id progress { percent } failure { reason } raw"
PACKAGE_FIELDS = "id description checksum sizeBytes vendorDetails { __typename }"
ROWS_TO_CHANGE = """{ tasks(first: 100) { nodes { id package { id } allowedOperations { operation allowed needsForce }
  executions(first: 20) { nodes { id device { name productKey }
    allowedOperations { operation allowed needsForce } } } } } }"""
CHANGED_BY = {
    "updateOtaTask": "UPDATE_TASK",
    "confirmOtaTask": "CONFIRM_TASK",
    "retryOtaTask": "RETRY_TASK",
    "cancelOtaTask": "CANCEL_TASK",
    "deleteOtaTask": "DELETE_TASK",
}


def _allows(row: Mapping[str, Any], operation: str) -> bool:
    return {"operation": operation, "allowed": True, "needsForce": False} in row["allowedOperations"]


@dataclass
class Measuring:
    """One vendor's gateway under measurement. `draft` gives the members of a createOtaTask of that vendor.

    `again` counts the second of two equal askings.
    """

    gateway: SimulatedGateway
    backend: SimulatedBackend
    draft: Callable[[SimulatedGateway], Awaitable[Mapping[str, Any]]]
    again: bool = False
    costs: dict[str, dict[str, int]] = field(default_factory=dict)

    async def reads(self) -> dict[str, dict[str, int]]:
        """The calls of every read, by the vendor's own names."""
        await self._lists()
        await self._tasks()
        await self._executions()
        await self._packages()
        return self.costs

    async def all(self) -> dict[str, dict[str, int]]:
        """The calls of every read, and then of every change that this vendor has."""
        await self.reads()
        return await self.changes()

    async def _count(self, name: str, query: str, **variables: Any) -> dict[str, Any]:
        return await self._counted(name, lambda: self.gateway.ask(query, **variables))

    async def _counted(self, name: str, asking: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        if self.again:
            await asking()
        before = Counter(self.backend.simulator.calls)
        answer = await asking()
        self.costs[name] = dict(Counter(self.backend.simulator.calls) - before)
        return answer

    async def _lists(self) -> None:
        order = "orderBy: { field: BACKEND }"
        executions = "executions(first: 3) { nodes { id } }"
        await self._count("tasks", "{ tasks { nodes { id } } }")
        await self._count("tasks_streamed", f"{{ tasks(first: {ROWS}, {order}) {{ nodes {{ id }} }} }}")
        await self._count("tasks_described", f"{{ tasks(first: {ROWS}, {order}) {{ nodes {{ {TASK_FIELDS} }} }} }}")
        await self._count(
            "tasks_with_executions", f"{{ tasks(first: {ROWS}, {order}) {{ nodes {{ id {executions} }} }} }}"
        )
        await self._count(
            "backends",
            "{ backends { name health { state } } auditEntries(first: 1) { nodes { id } } }",
        )

    async def _tasks(self) -> None:
        rows = (await self.gateway.ask(ROWS_TO_CHANGE))["tasks"]["nodes"]
        task = rows[0]["id"]
        query = "query One($id: ID!) { task(id: $id) { id name description } }"
        await self._count("task", query, id=task)
        await self._count(
            "task_with_executions",
            "query One($id: ID!) { task(id: $id) { id description executions(first: 3) { nodes { id } } } }",
            id=task,
        )

    async def _executions(self) -> None:
        rows = (await self.gateway.ask(ROWS_TO_CHANGE))["tasks"]["nodes"]
        task = next(one for one in rows if len(one["executions"]["nodes"]) >= BULK)
        executions = task["executions"]["nodes"]
        lists = "query Rows($filter: OtaExecutionFilter!) { executions(first: %d, filter: $filter) { nodes { %s } } }"
        device = executions[0]["device"]
        named = {"backend": self.backend.name, "name": device["name"], "productKey": device["productKey"]}
        of_task = {"taskId": task["id"]}
        await self._count("executions_of_task", lists % (BULK, "id"), filter=of_task)
        await self._count("executions_described", lists % (BULK, EXECUTION_FIELDS), filter=of_task)
        await self._count("executions_of_device", lists % (50, "id"), filter={"device": named})
        await self._count("executions_of_device_in_task", lists % (50, "id"), filter={**of_task, "device": named})
        await self._count("execution", "query One($id: ID!) { execution(id: $id) { id } }", id=executions[0]["id"])
        await self._count(
            "executions_by_id",
            "query Some($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            ids=[one["id"] for one in executions[:BULK]],
        )

    async def _packages(self) -> None:
        order = "orderBy: { field: BACKEND }"
        listed = (await self._count("packages", "{ packages { nodes { id } } }"))["packages"]["nodes"]
        await self._count("packages_streamed", f"{{ packages(first: {ROWS}, {order}) {{ nodes {{ id }} }} }}")
        await self._count(
            "packages_described", f"{{ packages(first: {ROWS}, {order}) {{ nodes {{ {PACKAGE_FIELDS} }} }} }}"
        )
        tasks = (await self.gateway.ask(ROWS_TO_CHANGE))["tasks"]["nodes"]
        used = next(one["package"]["id"] for one in tasks if one["package"])
        package = listed[0]["id"] if listed else used
        await self._count("package", "query One($id: ID!) { package(id: $id) { id } }", id=package)
        await self._count(
            "package_used_by",
            "query One($id: ID!) { package(id: $id) { id usedBy(first: 5) { nodes { id } } } }",
            id=package,
        )

    async def changes(self) -> dict[str, dict[str, int]]:
        """The calls of every change that this vendor has, beside those that were counted before."""
        draft = await self.draft(self.gateway)
        if draft:
            await self._change("createOtaTask", backend=self.backend.name, **draft)
        rows = (await self.gateway.ask(ROWS_TO_CHANGE))["tasks"]["nodes"]
        await self._change_executions(rows)
        used: set[str] = set()
        for name, operation in CHANGED_BY.items():
            task = next((one for one in rows if _allows(one, operation) and one["id"] not in used), None)
            if task is None:
                continue
            used.add(task["id"])
            more = {"description": "changed"} if name == "updateOtaTask" else {}
            await self._change(name, id=task["id"], **more)
        await self._delete_package(rows)
        return self.costs

    async def _change_executions(self, rows: list[dict[str, Any]]) -> None:
        for task in rows:
            found = [one for one in task["executions"]["nodes"] if _allows(one, "CANCEL_EXECUTION")]
            if len(found) >= 2:
                names = [one["device"]["name"] for one in found[:2]]
                where = {"taskId": task["id"], "productKey": found[0]["device"]["productKey"], "deviceNames": names}
                await self._change("cancelDeviceUpgrade", devices=where)
                break
        executions = [one for task in rows for one in task["executions"]["nodes"]]
        ended = next((one for one in executions if _allows(one, "DELETE_EXECUTION")), None)
        if ended is not None:
            await self._change("deleteJobExecution", id=ended["id"])

    async def _delete_package(self, rows: list[dict[str, Any]]) -> None:
        used = {one["package"]["id"] for one in rows if one["package"]}
        packages = await self.gateway.ask(
            "{ packages { nodes { id allowedOperations { operation allowed needsForce } } } }"
        )
        free = [one for one in packages["packages"]["nodes"] if one["id"] not in used]
        package = next((one for one in free if _allows(one, "DELETE_PACKAGE")), None)
        if package is not None:
            await self._change("deleteOtaPackage", id=package["id"])

    async def _change(self, name: str, /, **members: Any) -> None:
        payload = await self._counted(name, lambda: self.gateway.change(name, **members))
        assert payload["errors"] == [], (name, payload["errors"])
