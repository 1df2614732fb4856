"""Cancelling and deleting executions."""

import strawberry

from gateway.domain.outcomes import MutationResult
from gateway.schema.changes import Input
from gateway.schema.context import RequestInfo
from gateway.schema.executions.inputs import CancelDeviceUpgradeInput, DeleteJobExecutionInput
from gateway.schema.executions.payloads import CancelDeviceUpgradePayload, DeleteJobExecutionPayload
from gateway.schema.inputs import wanted
from gateway.services.inputs import CancelDevices, DeleteExecution


async def _cancel_device_upgrade(
    info: RequestInfo,
    given: Input[CancelDeviceUpgradeInput],
) -> MutationResult:
    """Cancel devices' upgrades."""
    context = info.context
    return await context.services.mutations.cancel_devices(context.caller, wanted(CancelDevices, given))


async def _delete_job_execution(
    info: RequestInfo,
    given: Input[DeleteJobExecutionInput],
) -> MutationResult:
    """Delete an execution."""
    context = info.context
    return await context.services.mutations.delete_execution(context.caller, wanted(DeleteExecution, given))


@strawberry.type
class ExecutionMutations:
    """The part of Mutation about executions."""

    cancel_device_upgrade = strawberry.mutation(
        resolver=_cancel_device_upgrade,
        graphql_type=CancelDeviceUpgradePayload,
        description="Cancel the upgrade of single devices, and read each back. Only what was named is touched: Tuya's "
        "cancel over several batches needs `allTasks: true`.",
    )
    delete_job_execution = strawberry.mutation(
        resolver=_delete_job_execution,
        graphql_type=DeleteJobExecutionPayload,
        description="Delete exactly this execution at AWS. What stands under its key is read first and must be of the "
        "same generation. AWS's delete has no conditional form, so this check narrows the race with an execution that "
        "is reborn under the same number, and cannot close it.",
    )
