"""OtaExecution and its connection."""

from datetime import datetime
from typing import Any

import strawberry

from gateway.domain.execution import Execution
from gateway.domain.statuses import ExecutionPhase, ExecutionStatus, FailureReason
from gateway.schema.backends.operations import allowed_operations
from gateway.schema.backends.types import OtaBackend
from gateway.schema.connections import OtaBackendResult, PageInfo
from gateway.schema.context import RequestInfo
from gateway.schema.devices.types import OtaDevice
from gateway.schema.lacking import may_lack, raw_json, whole_execution
from gateway.schema.node import Node, task_by
from gateway.schema.references import TASK
from gateway.schema.shows import shows
from gateway.schema.tasks.progress import OtaProgress
from gateway.services.connection import Edge


def _task(root: strawberry.Parent[Execution], info: RequestInfo) -> Any:
    return None if root.task_ref is None else task_by(info.context, root.task_ref)


@strawberry.type(description="Why a device failed.")
class OtaFailure:
    """Over domain.execution.Failure."""

    reason: FailureReason = strawberry.field(description="In neutral words.")
    vendor_code: str | None = strawberry.field(description="The vendor's or the device's code, as it came.")
    vendor_message: str | None = strawberry.field(description="The vendor's or the device's text, as it came.")


@strawberry.federation.type(
    keys=["id"],
    description="One device's part in one task. A null field means that the vendor does not say; one that could not be "
    "asked for is null with an error at its path.",
)
class OtaExecution(Node):
    """Over domain.execution.Execution."""

    is_type_of = shows(Execution)
    task = strawberry.field(
        resolver=_task, graphql_type=TASK | None, description="The task; null where there is none, or it is gone."
    )
    device: OtaDevice = strawberry.field(description="The device.")
    backend: OtaBackend = strawberry.field(description="Where it runs.")
    status: ExecutionStatus = strawberry.field(description="Where it stands.")
    vendor_status: str = strawberry.field(description="Where it stands, in the vendor's exact spelling.")
    phase = may_lack(whole_execution, ExecutionPhase | None, "What the device is busy with.")
    attempt = may_lack(whole_execution, int | None, "Which attempt this is: AWS's executionNumber.")
    progress = may_lack(whole_execution, OtaProgress | None, "How far the device is.")
    failure = may_lack(whole_execution, OtaFailure | None, "Why it failed.")
    queued_at = may_lack(whole_execution, datetime | None, "When it was queued for the device.")
    started_at = may_lack(whole_execution, datetime | None, "When the device began.")
    ended_at = may_lack(whole_execution, datetime | None, "When it ended.")
    updated_at = may_lack(whole_execution, datetime | None, "When the vendor last changed it.")
    observed_at: datetime = strawberry.field(description="When the gateway last saw this.")
    fingerprint: str = strawberry.field(description="Changes when another object stands under the same key.")
    allowed_operations = allowed_operations()
    raw = raw_json(whole_execution)


@strawberry.type(description="A row and its cursor.")
class OtaExecutionEdge:
    """Over services.connection.Edge."""

    is_type_of = shows(Edge)
    cursor: str = strawberry.field(description="Go on behind this row with it.")
    node: OtaExecution = strawberry.field(description="The execution.")


@strawberry.type(description="A page of executions.")
class OtaExecutionConnection:
    """Over services.connection.Connection."""

    edges: list[OtaExecutionEdge] = strawberry.field(description="The rows with their cursors.")
    nodes: list[OtaExecution] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    backends: list[OtaBackendResult] = strawberry.field(description="What each backend contributed.")
