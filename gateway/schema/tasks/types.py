"""OtaTask and its connection."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from gateway.domain.package import Package
from gateway.domain.statuses import ExecutionStatus, TaskOutcome, TaskStatus
from gateway.domain.statuses import Source as OutcomeSource
from gateway.domain.task import Task
from gateway.plans.hints import HINT, NotPlain, PlainRead
from gateway.schema.backends.operations import allowed_operations
from gateway.schema.backends.types import OtaBackend
from gateway.schema.connections import DEFAULT_FIRST, After, First, OtaBackendResult, PageInfo, cursor, rows
from gateway.schema.context import RequestContext, RequestInfo
from gateway.schema.lacking import may_lack, raw_json, whole_task
from gateway.schema.node import Node
from gateway.schema.references import EXECUTION_CONNECTION, PACKAGE
from gateway.schema.shows import shows
from gateway.schema.tasks.progress import OtaExecutionCounts, OtaProgress
from gateway.schema.vendor_types import OtaTaskDetails
from gateway.services.connection import Edge


def _package_held(task: Task) -> Package | None:
    """The package, where the task itself shows it or is known to have none. Raises NotPlain where it has to be read."""
    if _lacks_package(task) or (task.package is None and task.package_ref is not None):
        raise NotPlain
    return task.package


def _lacks_package(task: Task) -> bool:
    return "package_ref" in task.lacks or "package" in task.lacks


def _package(root: strawberry.Parent[Task], info: RequestInfo) -> Any:
    try:
        return _package_held(root)
    except NotPlain:
        return _read_package(info.context, root, lacking=_lacks_package(root))


async def _read_package(context: RequestContext, task: Task, *, lacking: bool) -> Package | None:
    known = await context.loaders.whole_task.load(task) if lacking else task
    if known is None or known.package is not None or known.package_ref is None:
        return None if known is None else known.package
    return await context.loaders.package.load(known.package_ref)


def _executions(
    root: strawberry.Parent[Task],
    info: RequestInfo,
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
    status: Annotated[
        list[ExecutionStatus] | None, strawberry.argument(description="Only executions at one of these.")
    ] = strawberry.UNSET,
) -> Any:
    context = info.context
    wanted = None if status is strawberry.UNSET else status
    asked = (root.ref, rows(first), cursor(after), wanted)
    return context.soonest(lambda caller: context.services.executions.of_task(caller, *asked))


@strawberry.federation.type(
    keys=["id"],
    description="A campaign that updates many devices. A null field means that the vendor does not say; one that could "
    "not be asked for is null with an error at its path.",
)
class OtaTask(Node):
    """Over domain.task.Task."""

    is_type_of = shows(Task)
    native_id: str = strawberry.field(description="The vendor's own id.")
    name: str = strawberry.field(description="The vendor's name for it, or nativeId where it has none.")
    backend: OtaBackend = strawberry.field(description="Where it runs.")
    description = may_lack(whole_task, str | None, "What its author wrote.")
    status: TaskStatus = strawberry.field(description="Where it stands.")
    vendor_status: str = strawberry.field(description="Where it stands, in the vendor's exact spelling.")
    outcome = may_lack(whole_task, TaskOutcome | None, "How it ended.")
    outcome_source = may_lack(whole_task, OutcomeSource | None, "Who says how it ended.")
    package = strawberry.field(
        resolver=_package,
        graphql_type=PACKAGE | None,
        description="What it installs, where the vendor's task names one.",
        metadata={HINT: PlainRead(read=_package_held)},
    )
    progress = may_lack(whole_task, OtaProgress | None, "How far it is.")
    execution_counts = may_lack(whole_task, OtaExecutionCounts | None, "How many devices stand where.")
    created_at = may_lack(whole_task, datetime | None, "When it was created.")
    started_at = may_lack(whole_task, datetime | None, "When it began.")
    ended_at = may_lack(whole_task, datetime | None, "When it ended.")
    updated_at = may_lack(whole_task, datetime | None, "When the vendor last changed it.")
    observed_at: datetime = strawberry.field(description="When the gateway last saw this.")
    fingerprint: str = strawberry.field(description="Changes when another object stands under the same key.")
    executions = strawberry.field(
        resolver=_executions, graphql_type=EXECUTION_CONNECTION, description="Each device's part in it."
    )
    allowed_operations = allowed_operations()
    if OtaTaskDetails is not None:
        vendor_details = may_lack(whole_task, OtaTaskDetails, "What only its vendor says of it.")
    raw = raw_json(whole_task)


@strawberry.type(description="A row and its cursor.")
class OtaTaskEdge:
    """Over services.connection.Edge."""

    is_type_of = shows(Edge)
    cursor: str = strawberry.field(description="Go on behind this row with it.")
    node: OtaTask = strawberry.field(description="The task.")


@strawberry.type(description="A page of tasks.")
class OtaTaskConnection:
    """Over services.connection.Connection."""

    edges: list[OtaTaskEdge] = strawberry.field(description="The rows with their cursors.")
    nodes: list[OtaTask] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    backends: list[OtaBackendResult] = strawberry.field(description="What each backend contributed.")
