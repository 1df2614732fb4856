"""Watching the executions of a task."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from gateway.domain.execution import Execution
from gateway.domain.ids import Kind
from gateway.schema.context import RequestInfo
from gateway.schema.events import events
from gateway.schema.executions.types import OtaExecution
from gateway.schema.node import usable


def _execution_updated(
    info: RequestInfo,
    task_id: Annotated[strawberry.ID, strawberry.argument(description="The task's id.")],
) -> AsyncIterator[Execution | Exception]:
    """Not a generator itself, so that a malformed id is refused before the stream opens."""
    ref = usable(task_id, Kind.TASK, "taskId")
    return events(info.context, info.context.services.watching.executions(info.context.caller, ref))


@strawberry.type
class ExecutionSubscriptions:
    """The part of Subscription about executions."""

    execution_updated = strawberry.subscription(
        resolver=_execution_updated,
        graphql_type=OtaExecution,
        description="Each change of an execution of this task, beginning with its present ones.",
    )
