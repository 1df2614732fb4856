"""Watching tasks."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from gateway.domain.ids import Kind
from gateway.domain.task import Task
from gateway.schema.context import RequestInfo
from gateway.schema.events import events
from gateway.schema.node import usable
from gateway.schema.tasks.types import OtaTask


def _task_updated(
    info: RequestInfo, ids: Annotated[list[strawberry.ID], strawberry.argument(description="The tasks' ids.")]
) -> AsyncIterator[Task | Exception]:
    """Not a generator itself, so that a malformed id is refused before the stream opens."""
    refs = [usable(text, Kind.TASK, "ids", str(index)) for index, text in enumerate(ids)]
    return events(info.context, info.context.services.watching.tasks(info.context.caller, refs))


@strawberry.type
class TaskSubscriptions:
    """The part of Subscription about tasks."""

    task_updated = strawberry.subscription(
        resolver=_task_updated,
        graphql_type=OtaTask,
        description="Each change of these tasks. The first event of each is its present state.",
    )
