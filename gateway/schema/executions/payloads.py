"""The answers of the mutations on executions."""

from typing import Any

import strawberry

from gateway.domain.ids import decode
from gateway.domain.outcomes import MutationOutcome, MutationResult, TargetResult
from gateway.domain.statuses import ExecutionStatus
from gateway.schema.changes import Answer, DeletedAnswer
from gateway.schema.context import RequestInfo
from gateway.schema.errors import shown_error
from gateway.schema.executions.types import OtaExecution
from gateway.services.summary import BulkSummary, summary_of


def _execution(root: strawberry.Parent[TargetResult], info: RequestInfo) -> Any:
    if root.execution is not None or root.execution_id is None:
        return root.execution
    return info.context.loaders.execution.load(decode(root.execution_id))


@strawberry.type(description="What became of one target.")
class OtaTargetResult:
    """Over domain.outcomes.TargetResult."""

    target: str = strawberry.field(description="The id or device name as it was given.")
    device_name: str | None = strawberry.field(description="The device, where it is known.")
    outcome: MutationOutcome = strawberry.field(
        description="What became of it, after reading back: DONE means that the vendor now shows it so."
    )
    execution = strawberry.field(
        resolver=_execution,
        graphql_type=OtaExecution | None,
        description="The execution as it was read back, or for a replayed answer as it is now.",
    )
    status_before: ExecutionStatus | None = strawberry.field(description="Where it stood before.")
    vendor_status_before: str | None = strawberry.field(
        description="Where it stood before, in the vendor's exact spelling."
    )
    error = shown_error("Why it was refused or failed.")


@strawberry.type(description="The results, counted. A dry run counts only as requested.")
class OtaBulkSummary:
    """Over services.summary.BulkSummary."""

    requested: int = strawberry.field(description="All targets.")
    done: int = strawberry.field(description="DONE, ALREADY_DONE and ALREADY_DELETED.")
    refused: int = strawberry.field(description="REFUSED.")
    failed: int = strawberry.field(description="FAILED.")
    unknown: int = strawberry.field(description="UNKNOWN, and REQUESTED, which the vendor does not show yet.")


def _summary(root: strawberry.Parent[MutationResult]) -> BulkSummary:
    return summary_of(root.results)


@strawberry.type(
    description="What became of cancelling the upgrade of single devices. `errors` are of the call as a whole."
)
class CancelDeviceUpgradePayload(Answer):
    """Over domain.outcomes.MutationResult."""

    results: list[OtaTargetResult] = strawberry.field(description="One for each target, in the order of the input.")
    summary = strawberry.field(resolver=_summary, graphql_type=OtaBulkSummary, description="The results, counted.")


@strawberry.type(description="What became of deleting an execution.")
class DeleteJobExecutionPayload(DeletedAnswer):
    """Over domain.outcomes.MutationResult."""
