"""The inputs of the mutations on executions; each member is one of the dataclass in services.inputs."""

import strawberry

from gateway.schema.changes import FINGERPRINT, FORCE, ChangeInput
from gateway.services.inputs import ErrorPolicy


@strawberry.input(description="An execution as AWS IoT names it.")
class JobExecutionRef:
    """Over services.inputs.ExecutionRef."""

    backend: str = strawberry.field(description="The backend's name.")
    thing_name: str = strawberry.field(description="The thing.")
    job_id: str = strawberry.field(description="The job.")
    execution_number: int = strawberry.field(
        description="Which execution of the thing in the job. AWS uses a number again after a deletion."
    )


@strawberry.input(description="The execution to delete: exactly one of id and execution.")
class DeleteJobExecutionInput(ChangeInput):
    """Over services.inputs.DeleteExecution."""

    id: strawberry.ID | None = strawberry.field(description="The execution's id, which also tells its generation.")
    execution: JobExecutionRef | None = strawberry.field(
        description="The execution in AWS's own terms. Refused if that very reference was deleted before and another "
        "execution stands there now."
    )
    force: bool = strawberry.field(
        default=False,
        description="AWS: delete it although it is IN_PROGRESS. The device is not told and may finish. "
        "Never added by the gateway.",
    )
    expected_fingerprint: str | None = strawberry.field(description=FINGERPRINT)


@strawberry.input(
    description="Devices by name: exactly one of taskId and packageId. packageId reaches over all tasks of a package, "
    "and needs `allTasks: true`."
)
class DevicesRef:
    """Over services.inputs.DevicesRef."""

    task_id: strawberry.ID | None = strawberry.field(description="Their executions in this task.")
    package_id: strawberry.ID | None = strawberry.field(description="Their executions in every task of this package.")
    product_key: str | None = strawberry.field(description="Where names are unique only within a product: Tuya.")
    device_names: list[str] = strawberry.field(description="The vendor's names or ids of the devices.")
    all_tasks: bool = strawberry.field(
        default=False, description="Says that more than one task is meant; needed with packageId."
    )


@strawberry.input(description="Whose upgrade to cancel: exactly one of executionIds and devices.")
class CancelDeviceUpgradeInput(ChangeInput):
    """Over services.inputs.CancelDevices."""

    execution_ids: list[strawberry.ID] | None = strawberry.field(description="The executions' ids.")
    devices: DevicesRef | None = strawberry.field(description="The devices by name.")
    force: bool = strawberry.field(default=False, description=FORCE)
    error_policy: ErrorPolicy = strawberry.field(
        default=ErrorPolicy.CONTINUE, description="What to do with the others when one is refused."
    )
