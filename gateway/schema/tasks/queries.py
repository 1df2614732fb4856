"""Reading tasks."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.domain.ids import Kind
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.schema.connections import DEFAULT_FIRST, After, First, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.inputs import wanted
from gateway.schema.node import usable
from gateway.schema.tasks.types import OtaTask, OtaTaskConnection
from gateway.schema.vendor_types import OtaVendor
from gateway.services.connection import Connection
from gateway.services.inputs import Direction, TaskFilter, TaskOrder, TaskOrderField


@strawberry.input(description="Which tasks. What is left out or null lets everything through.")
class OtaTaskFilter:
    """Over services.inputs.TaskFilter."""

    backends: list[str] | None = strawberry.field(description="Only these backends, by name.")
    vendors: list[str] | None = strawberry.field(
        graphql_type=list[OtaVendor] | None, description="Only backends of these vendors."
    )
    status: list[TaskStatus] | None = strawberry.field(description="Only tasks at one of these.")
    text: str | None = strawberry.field(
        description="Found, ignoring case, in the name or, where the vendor's list has it, in the description."
    )
    created_after: datetime | None = strawberry.field(description="Only tasks created after this moment.")
    created_before: datetime | None = strawberry.field(description="Only tasks created before this moment.")


@strawberry.input(description="The order of a list of tasks.")
class OtaTaskOrder:
    """Over services.inputs.TaskOrder."""

    field: TaskOrderField = strawberry.field(description="Ordered by what.")
    direction: Direction = strawberry.field(default=Direction.DESC, description="Which way.")


async def _task(
    info: RequestInfo,
    task_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="A task's id.")],
) -> Task | None:
    """One task, read together with others of the same request."""
    return await info.context.loaders.task.load(usable(task_id, Kind.TASK))


async def _tasks(
    info: RequestInfo,
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
    task_filter: Annotated[
        OtaTaskFilter | None, strawberry.argument(name="filter", description="Which tasks.")
    ] = strawberry.UNSET,
    order_by: Annotated[
        OtaTaskOrder | None, strawberry.argument(description="In which order; CREATED_AT, DESC if left out.")
    ] = strawberry.UNSET,
) -> Connection[Task]:
    """A page of tasks."""
    context = info.context
    return await context.services.tasks.list(
        context.caller,
        rows(first),
        cursor(after),
        wanted(TaskFilter, task_filter) if task_filter else TaskFilter(),
        wanted(TaskOrder, order_by) if order_by else TaskOrder(),
    )


@strawberry.type
class TaskQueries:
    """The part of Query about tasks."""

    task = strawberry.field(
        resolver=_task, graphql_type=OtaTask | None, description="The task of that id; null if there is none."
    )
    tasks = strawberry.field(
        resolver=_tasks,
        graphql_type=OtaTaskConnection,
        description="The tasks of all backends, newest first unless ordered otherwise. One that cannot be asked is "
        "told of in `backends`; the others still answer.",
    )
