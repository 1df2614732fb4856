"""What managed integrations says of a task and of its file beyond the neutral model."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class AwsManagedIntegrationsTaskDetails:
    """An OTA task. `target` holds ARNs of managed things; a CONTINUOUS task has a query instead."""

    task_arn: str
    s3_url: str | None = None
    ota_type: str | None = None
    protocol: str | None = None
    ota_mechanism: str | None = None
    task_configuration_id: str | None = None
    target: list[str]


@dataclass(slots=True, kw_only=True)
class AwsManagedIntegrationsPackageDetails:
    """The file a task names, known only through that task."""

    s3_url: str
