"""The answers of the mutations on tasks."""

from typing import Any

import strawberry

from gateway.schema.changes import DeletedAnswer, OutcomeAnswer, task_of
from gateway.schema.executions.payloads import OtaTargetResult
from gateway.schema.tasks.types import OtaTask

_RESULTS = "One for each execution that was named, in their order; none when the whole task was meant."


def _task(description: str) -> Any:
    return strawberry.field(resolver=task_of, graphql_type=OtaTask | None, description=description)


@strawberry.type(description="What became of creating a task.")
class CreateOtaTaskPayload(OutcomeAnswer):
    """Over domain.outcomes.MutationResult."""

    task = _task("The new task, as it was read back.")


@strawberry.type(description="What became of changing a task.")
class UpdateOtaTaskPayload(OutcomeAnswer):
    """Over domain.outcomes.MutationResult."""

    task = _task("The task, as it was read back.")


@strawberry.type(description="What became of letting devices go on.")
class ConfirmOtaTaskPayload(OutcomeAnswer):
    """Over domain.outcomes.MutationResult."""

    task = _task("The task, as it was read back.")
    results: list[OtaTargetResult] = strawberry.field(description=_RESULTS)


@strawberry.type(description="What became of trying devices again.")
class RetryOtaTaskPayload(OutcomeAnswer):
    """Over domain.outcomes.MutationResult."""

    task = _task("The task, as it was read back.")
    results: list[OtaTargetResult] = strawberry.field(description=_RESULTS)


@strawberry.type(description="What became of cancelling a task.")
class CancelOtaTaskPayload(OutcomeAnswer):
    """Over domain.outcomes.MutationResult."""

    task = _task("The task, as it was read back.")


@strawberry.type(description="What became of deleting a task.")
class DeleteOtaTaskPayload(DeletedAnswer):
    """Over domain.outcomes.MutationResult."""
