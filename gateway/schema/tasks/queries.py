"""Reading tasks."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from gateway.domain.ids import Kind
from gateway.domain.statuses import TaskStatus
from gateway.schema.connections import DEFAULT_FIRST, After, First, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.inputs import wanted
from gateway.schema.node import task_by, usable
from gateway.schema.tasks.types import OtaTask, OtaTaskConnection
from gateway.schema.vendor_types import OtaVendor
from gateway.services.inputs import Direction, TaskFilter, TaskOrder, TaskOrderField

_ALL = TaskFilter()
_NEWEST_FIRST = TaskOrder()


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


def _task(
    info: RequestInfo,
    task_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="A task's id.")],
) -> Any:
    """One task, read together with others of the same request."""
    return task_by(info.context, usable(task_id, Kind.TASK))


def _tasks(
    info: RequestInfo,
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
    task_filter: Annotated[
        OtaTaskFilter | None, strawberry.argument(name="filter", description="Which tasks.")
    ] = strawberry.UNSET,
    order_by: Annotated[
        OtaTaskOrder | None, strawberry.argument(description="In which order; CREATED_AT, DESC if left out.")
    ] = strawberry.UNSET,
) -> Any:
    """A page of tasks."""
    context = info.context
    which = wanted(TaskFilter, task_filter) if task_filter else _ALL
    order = wanted(TaskOrder, order_by) if order_by else _NEWEST_FIRST
    asked = (rows(first), cursor(after), which, order)
    return context.soonest(lambda caller: context.services.tasks.list(caller, *asked))


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
