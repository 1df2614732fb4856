"""Managed integrations' OTA tasks (service `iot-managed-integrations`, 2025-03-03): one method per operation.

Names are PascalCase on the wire, but for some counters; every member of an answer may be missing or null, and unknown
ones are ignored. Times are seconds since the epoch. Raises what vendorkit.aws.rest_json raises.
"""

from collections.abc import Mapping

import msgspec

from gateway.vendorkit.aws.rest_json import Answered, ListCall, Nothing, RestJson, WirePage, path

SERVICE = "iotmanagedintegrations"

Time = float | str | None


class PascalCase(msgspec.Struct, rename="pascal", kw_only=True):
    """Members in PascalCase."""


class OtaTaskSummary(PascalCase, kw_only=True):
    """A row of ListOtaTasks."""

    task_id: str
    task_arn: str | None = None
    created_at: Time = None
    last_updated_at: Time = None
    task_configuration_id: str | None = None
    status: str | None = None


class OtaTask(OtaTaskSummary, kw_only=True):
    """A task as GetOtaTask shows it. `task_processing_details` mixes cases and is read without regard to them."""

    description: str | None = None
    s3_url: str | None = msgspec.field(default=None, name="S3Url")
    protocol: str | None = None
    ota_type: str | None = None
    ota_mechanism: str | None = None
    target: list[str] | None = None
    task_processing_details: dict[str, object] | None = None


class TaskExecutionSummary(PascalCase, kw_only=True):
    """The nested part of a row of ListOtaTaskExecutions."""

    execution_number: int
    status: str | None = None
    queued_at: Time = None
    started_at: Time = None
    last_updated_at: Time = None


class OtaTaskExecution(PascalCase, kw_only=True):
    """A row of ListOtaTaskExecutions."""

    managed_thing_id: str
    task_execution_summary: TaskExecutionSummary


class CreatedTask(PascalCase, kw_only=True):
    """The answer of CreateOtaTask."""

    task_id: str


LIST_TASKS = ListCall(
    "ListOtaTasks",
    OtaTaskSummary,
    "Tasks",
    size="MaxResults",
    token_in="NextToken",  # noqa: S106 - a page token's name
    token_out="NextToken",  # noqa: S106 - a page token's name
)
LIST_EXECUTIONS = ListCall(
    "ListOtaTaskExecutions",
    OtaTaskExecution,
    "ExecutionSummaries",
    size="MaxResults",
    token_in="NextToken",  # noqa: S106 - a page token's name
    token_out="NextToken",  # noqa: S106 - a page token's name
)


class ManagedIntegrationsWire:
    """The operations."""

    def __init__(self, rest: RestJson) -> None:
        self._rest = rest

    async def list_tasks(self, size: int, token: str | None) -> WirePage[OtaTaskSummary]:
        """ListOtaTasks."""
        return await self._rest.page(LIST_TASKS, path("ota-tasks"), size=size, token=token)

    async def get_task(self, task_id: str) -> Answered[OtaTask]:
        """GetOtaTask."""
        return await self._rest.call("GetOtaTask", OtaTask, "GET", path("ota-tasks", task_id))

    async def list_executions(self, task_id: str, size: int, token: str | None) -> WirePage[OtaTaskExecution]:
        """ListOtaTaskExecutions: by task only, without a filter."""
        return await self._rest.page(LIST_EXECUTIONS, path("ota-tasks", task_id, "devices"), size=size, token=token)

    async def create_task(self, body: Mapping[str, object]) -> Answered[CreatedTask]:
        """CreateOtaTask, 201."""
        return await self._rest.call("CreateOtaTask", CreatedTask, "POST", path("ota-tasks"), body=body, write=True)

    async def update_task(
        self, task_id: str, *, description: str | None, task_configuration_id: str | None
    ) -> Answered[Nothing]:
        """UpdateOtaTask, 204. A PUT: whether a member left out is cleared is not documented."""
        body = {"Description": description, "TaskConfigurationId": task_configuration_id}
        where = path("ota-tasks", task_id)
        return await self._rest.call("UpdateOtaTask", Nothing, "PUT", where, body=body, write=True)

    async def delete_task(self, task_id: str) -> Answered[Nothing]:
        """DeleteOtaTask, 200."""
        return await self._rest.call("DeleteOtaTask", Nothing, "DELETE", path("ota-tasks", task_id), write=True)
