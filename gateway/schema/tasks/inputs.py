"""The inputs of the mutations on tasks; each member is one of the dataclass in services.inputs."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from gateway.schema.changes import FINGERPRINT, FORCE, ChangeInput


@strawberry.input(description="A new task. Which members count depends on the vendor.")
class CreateOtaTaskInput(ChangeInput):
    """Over services.inputs.CreateTask."""

    backend: str = strawberry.field(description="The name of the backend to create it in.")
    name: str | None = strawberry.field(description="Its name, where the vendor has names.")
    description: str | None = strawberry.field(description="What it is for.")
    package_id: strawberry.ID | None = strawberry.field(description="The package to install.")
    targets: list[str] = strawberry.field(description="Device names, ids or group ARNs, as the vendor names them.")
    product_key: str | None = strawberry.field(description="Tuya: the product of the devices.")
    document: str | None = strawberry.field(description="AWS IoT: the job document.")
    s3_url: str | None = strawberry.field(description="AWS managed integrations: where the update lies.")
    task_configuration_id: str | None = strawberry.field(
        description="AWS managed integrations: the configuration of the rollout."
    )
    scheduled_at: datetime | None = strawberry.field(description="When it is to begin, where the vendor can wait.")
    vendor_options: JSON | None = strawberry.field(
        description="Further members of the vendor's own request, an object."
    )


@strawberry.input(description="What to change in a task: at least one of description and taskConfigurationId.")
class UpdateOtaTaskInput(ChangeInput):
    """Over services.inputs.UpdateTask."""

    id: strawberry.ID = strawberry.field(description="The task's id.")
    description: str | None = strawberry.field(description="The new description.")
    task_configuration_id: str | None = strawberry.field(
        description="AWS managed integrations: the new configuration of the rollout."
    )
    expected_fingerprint: str | None = strawberry.field(description=FINGERPRINT)


@strawberry.input(description="Which waiting devices may go on.")
class ConfirmOtaTaskInput(ChangeInput):
    """Over services.inputs.ReleaseExecutions."""

    id: strawberry.ID = strawberry.field(description="The task's id.")
    execution_ids: list[strawberry.ID] | None = strawberry.field(description="Some of its executions; all if left out.")


@strawberry.input(description="Which failed devices to try again.")
class RetryOtaTaskInput(ChangeInput):
    """Over services.inputs.ReleaseExecutions."""

    id: strawberry.ID = strawberry.field(description="The task's id.")
    execution_ids: list[strawberry.ID] | None = strawberry.field(description="Some of its executions; all if left out.")


@strawberry.input(description="The task to cancel.")
class CancelOtaTaskInput(ChangeInput):
    """Over services.inputs.DestroyObject."""

    id: strawberry.ID = strawberry.field(description="The task's id.")
    force: bool = strawberry.field(default=False, description=FORCE)
    expected_fingerprint: str | None = strawberry.field(description=FINGERPRINT)


@strawberry.input(description="The task to delete.")
class DeleteOtaTaskInput(ChangeInput):
    """Over services.inputs.DestroyObject."""

    id: strawberry.ID = strawberry.field(description="The task's id.")
    force: bool = strawberry.field(default=False, description=FORCE)
    expected_fingerprint: str | None = strawberry.field(description=FINGERPRINT)
