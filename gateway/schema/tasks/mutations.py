"""Changing tasks."""

import strawberry

from gateway.domain.outcomes import MutationResult
from gateway.schema.changes import Input
from gateway.schema.context import RequestInfo
from gateway.schema.inputs import wanted
from gateway.schema.tasks.inputs import (
    CancelOtaTaskInput,
    ConfirmOtaTaskInput,
    CreateOtaTaskInput,
    DeleteOtaTaskInput,
    RetryOtaTaskInput,
    UpdateOtaTaskInput,
)
from gateway.schema.tasks.payloads import (
    CancelOtaTaskPayload,
    ConfirmOtaTaskPayload,
    CreateOtaTaskPayload,
    DeleteOtaTaskPayload,
    RetryOtaTaskPayload,
    UpdateOtaTaskPayload,
)
from gateway.services.inputs import CreateTask, DestroyObject, ReleaseExecutions, UpdateTask


async def _create_ota_task(info: RequestInfo, given: Input[CreateOtaTaskInput]) -> MutationResult:
    """Create a task."""
    context = info.context
    return await context.services.mutations.create_task(context.caller, wanted(CreateTask, given))


async def _update_ota_task(info: RequestInfo, given: Input[UpdateOtaTaskInput]) -> MutationResult:
    """Change a task."""
    context = info.context
    return await context.services.mutations.update_task(context.caller, wanted(UpdateTask, given))


async def _confirm_ota_task(info: RequestInfo, given: Input[ConfirmOtaTaskInput]) -> MutationResult:
    """Confirm a task, or some of its executions."""
    context = info.context
    return await context.services.mutations.confirm_task(context.caller, wanted(ReleaseExecutions, given))


async def _retry_ota_task(info: RequestInfo, given: Input[RetryOtaTaskInput]) -> MutationResult:
    """Retry a task, or some of its executions."""
    context = info.context
    return await context.services.mutations.retry_task(context.caller, wanted(ReleaseExecutions, given))


async def _cancel_ota_task(info: RequestInfo, given: Input[CancelOtaTaskInput]) -> MutationResult:
    """Cancel a task."""
    context = info.context
    return await context.services.mutations.cancel_task(context.caller, wanted(DestroyObject, given))


async def _delete_ota_task(info: RequestInfo, given: Input[DeleteOtaTaskInput]) -> MutationResult:
    """Delete a task."""
    context = info.context
    return await context.services.mutations.delete_task(context.caller, wanted(DestroyObject, given))


@strawberry.type
class TaskMutations:
    """The part of Mutation about tasks."""

    create_ota_task = strawberry.mutation(
        resolver=_create_ota_task, graphql_type=CreateOtaTaskPayload, description="Create a task."
    )
    update_ota_task = strawberry.mutation(
        resolver=_update_ota_task,
        graphql_type=UpdateOtaTaskPayload,
        description="Change a task's description or its rollout configuration.",
    )
    confirm_ota_task = strawberry.mutation(
        resolver=_confirm_ota_task,
        graphql_type=ConfirmOtaTaskPayload,
        description="Let devices that wait for a confirmation go on: Huawei's need_confirm, Tuya's CONFIRM.",
    )
    retry_ota_task = strawberry.mutation(
        resolver=_retry_ota_task, graphql_type=RetryOtaTaskPayload, description="Try failed devices again: Huawei."
    )
    cancel_ota_task = strawberry.mutation(
        resolver=_cancel_ota_task,
        graphql_type=CancelOtaTaskPayload,
        description="Cancel what of a task has not finished, as far as the vendor goes.",
    )
    delete_ota_task = strawberry.mutation(
        resolver=_delete_ota_task,
        graphql_type=DeleteOtaTaskPayload,
        description="Delete exactly this task. One that still runs is refused, with cancelOtaTask offered: nothing is "
        "cancelled in order to delete it.",
    )
