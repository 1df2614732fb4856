"""Strawberry as one would first write it: types, resolvers, an HTTP client, and a dictionary as the cache.

`PORT`, `UPSTREAMS` (base URLs, comma separated) and `CACHE_SECONDS` (0 asks the upstreams for each query) are taken
from the environment.
"""

import asyncio
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from urllib.parse import quote

import httpx
import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

UPSTREAMS = {f"fleet-{at + 1}": url for at, url in enumerate(os.environ["UPSTREAMS"].split(","))}
KEPT = float(os.environ["CACHE_SECONDS"])

TaskStatus = Enum("TaskStatus", ["SCHEDULED", "IN_PROGRESS", "COMPLETED", "CANCELED", "CANCELING", "DELETING"])
strawberry.enum(TaskStatus)
ExecutionStatus = Enum(
    "ExecutionStatus",
    ["QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"],
)
strawberry.enum(ExecutionStatus)
BackendResultStatus = Enum("BackendResultStatus", ["OK"])
strawberry.enum(BackendResultStatus)

_STATUSES = {
    "SCHEDULED": TaskStatus["SCHEDULED"],
    "IN_PROGRESS": TaskStatus["IN_PROGRESS"],
    "COMPLETED": TaskStatus["COMPLETED"],
    "CANCELED": TaskStatus["CANCELED"],
    "DELETION_IN_PROGRESS": TaskStatus["DELETING"],
}


@strawberry.type
class OtaBackend:
    name: str


@strawberry.type
class OtaDevice:
    name: str


@strawberry.type
class OtaBackendResult:
    name: str
    status: BackendResultStatus


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class OtaExecution:
    id: strawberry.ID
    device: OtaDevice
    status: ExecutionStatus
    vendor_status: str
    queued_at: datetime
    updated_at: datetime


@strawberry.type
class OtaExecutionConnection:
    nodes: list[OtaExecution]


@strawberry.type
class OtaTask:
    id: strawberry.ID
    native_id: str
    name: str
    backend: OtaBackend
    status: TaskStatus
    vendor_status: str
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def executions(self, first: int = 50) -> OtaExecutionConnection:
        rows = await executions_of(self.backend.name, self.native_id)
        return OtaExecutionConnection(nodes=rows[:first])


@strawberry.type
class OtaTaskEdge:
    cursor: str
    node: OtaTask


@strawberry.type
class OtaTaskConnection:
    nodes: list[OtaTask]
    page_info: PageInfo
    backends: list[OtaBackendResult]

    @strawberry.field
    def edges(self) -> list[OtaTaskEdge]:
        return [OtaTaskEdge(cursor=cursor(node), node=node) for node in self.nodes]


@strawberry.type
class Query:
    @strawberry.field
    async def tasks(self, first: int = 50) -> OtaTaskConnection:
        parts = await asyncio.gather(*(tasks_of(name) for name in UPSTREAMS))
        rows = sorted((row for part in parts for row in part), key=lambda task: (-task.created_at.timestamp(), task.id))
        nodes = rows[:first]
        return OtaTaskConnection(
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=len(rows) > first,
                has_previous_page=False,
                start_cursor=cursor(nodes[0]) if nodes else None,
                end_cursor=cursor(nodes[-1]) if nodes else None,
            ),
            backends=[OtaBackendResult(name=name, status=BackendResultStatus["OK"]) for name in UPSTREAMS],
        )

    @strawberry.field
    async def task(self, id: strawberry.ID) -> OtaTask | None:  # noqa: A002 - the argument's name in the schema
        text = urlsafe_b64decode(id + "=" * (-len(id) % 4)).decode()
        _, _, backend, key, _ = text.split(":")

        async def read() -> OtaTask:
            return to_task(backend, (await get(backend, f"/jobs/{key}"))["job"])

        found = await kept(f"{backend}/{key}", read)
        return found if found.id == id else None


# Forty calls for each of sixteen readers stand in line for a hundred connections longer than httpx waits by itself.
client = httpx.AsyncClient(timeout=60)
cache: dict[str, tuple[float, asyncio.Future[Any]]] = {}


async def get(backend: str, path: str) -> Any:
    answer = await client.get(UPSTREAMS[backend] + path)
    answer.raise_for_status()
    return answer.json()


async def kept(key: str, read: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    if not KEPT:
        return await read()
    found = cache.get(key)
    if found is None or found[0] < time.monotonic():
        # The read and not its result, or each of sixteen readers would begin forty calls of its own.
        found = cache[key] = (time.monotonic() + KEPT, asyncio.ensure_future(read()))
    return await found[1]


async def tasks_of(backend: str) -> list[OtaTask]:
    async def read() -> list[OtaTask]:
        return [to_task(backend, job) for job in (await get(backend, "/jobs?maxResults=250"))["jobs"]]

    rows: list[OtaTask] = await kept(backend, read)
    return rows


async def executions_of(backend: str, job_id: str) -> list[OtaExecution]:
    where = f"/jobs/{quote(job_id, safe='')}/things?maxResults=250"

    async def read() -> list[OtaExecution]:
        return [to_execution(backend, job_id, row) for row in (await get(backend, where))["executionSummaries"]]

    rows: list[OtaExecution] = await kept(backend + where, read)
    return rows


def to_task(backend: str, job: dict[str, Any]) -> OtaTask:
    created = moment(job["createdAt"])
    status = _STATUSES[job["status"]]
    return OtaTask(
        id=object_id(f"1:task:{backend}:{quote(job['jobId'], safe='')}:{generation(created)}"),
        native_id=job["jobId"],
        name=job["jobId"],
        backend=OtaBackend(name=backend),
        status=TaskStatus["CANCELING"] if status is TaskStatus["CANCELED"] and job["isConcurrent"] else status,
        vendor_status=job["status"],
        created_at=created,
        updated_at=moment(job["lastUpdatedAt"]),
    )


def to_execution(backend: str, job_id: str, row: dict[str, Any]) -> OtaExecution:
    thing = row["thingArn"].partition(":thing/")[2]
    summary = row["jobExecutionSummary"]
    queued = moment(summary["queuedAt"])
    key = f"{quote(thing, safe='')}/{quote(job_id, safe='')}/{summary['executionNumber']}"
    return OtaExecution(
        id=object_id(f"1:execution:{backend}:{key}:{generation(queued)}"),
        device=OtaDevice(name=thing),
        status=ExecutionStatus[summary["status"]],
        vendor_status=summary["status"],
        queued_at=queued,
        updated_at=moment(summary["lastUpdatedAt"]),
    )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)


def generation(at: datetime) -> str:
    whole = int(at.timestamp())
    return f"{whole}.{at.microsecond // 1000:03d}" if at.microsecond else str(whole)


def object_id(text: str) -> strawberry.ID:
    return strawberry.ID(urlsafe_b64encode(text.encode()).rstrip(b"=").decode())


def cursor(task: OtaTask) -> str:
    return object_id(f"{task.created_at.timestamp()}:{task.id}")


moments = strawberry.scalar(
    name="DateTime",
    serialize=lambda value: value.isoformat().replace("+00:00", "Z"),
    parse_value=datetime.fromisoformat,
)
schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map={datetime: moments}))
app = GraphQL(schema, graphql_ide=None)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_level="warning")
