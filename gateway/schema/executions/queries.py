"""Reading executions."""

from typing import Annotated

import strawberry

from gateway.domain.execution import Execution
from gateway.domain.ids import Kind
from gateway.domain.statuses import ExecutionStatus
from gateway.schema.connections import DEFAULT_FIRST, After, First, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.executions.types import OtaExecution, OtaExecutionConnection
from gateway.schema.inputs import wanted
from gateway.schema.node import usable
from gateway.services.connection import Connection
from gateway.services.inputs import ExecutionFilter


@strawberry.input(description="A device by its native names.")
class OtaDeviceRef:
    """Over services.inputs.DeviceRef."""

    backend: str = strawberry.field(description="The backend's name.")
    name: str = strawberry.field(description="The vendor's name or id of the device.")
    product_key: str | None = strawberry.field(description="Where names are unique only within a product: Tuya.")


@strawberry.input(description="Which executions: of a task, of a device, or of a device in a task.")
class OtaExecutionFilter:
    """Over services.inputs.ExecutionFilter."""

    task_id: strawberry.ID | None = strawberry.field(description="The task's id.")
    device: OtaDeviceRef | None = strawberry.field(description="The device.")
    status: list[ExecutionStatus] | None = strawberry.field(description="Only executions at one of these.")


async def _execution(
    info: RequestInfo,
    execution_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="An execution's id.")],
) -> Execution | None:
    """One execution, read together with others of the same request."""
    return await info.context.loaders.execution.load(usable(execution_id, Kind.EXECUTION))


async def _executions(
    info: RequestInfo,
    execution_filter: Annotated[
        OtaExecutionFilter,
        strawberry.argument(name="filter", description="Which executions: taskId, device, or both."),
    ],
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
) -> Connection[Execution]:
    """A page of executions."""
    context = info.context
    return await context.services.executions.list(
        context.caller, rows(first), cursor(after), wanted(ExecutionFilter, execution_filter)
    )


@strawberry.type
class ExecutionQueries:
    """The part of Query about executions."""

    execution = strawberry.field(
        resolver=_execution,
        graphql_type=OtaExecution | None,
        description="The execution of that id; null if there is none.",
    )
    executions = strawberry.field(
        resolver=_executions,
        graphql_type=OtaExecutionConnection,
        description="Executions of a task, of a device, or of a device in a task.",
    )
