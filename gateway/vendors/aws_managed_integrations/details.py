"""What managed integrations says of a task and of its file beyond the neutral model."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class AwsManagedIntegrationsTaskDetails:
    """An OTA task. `target` holds ARNs of managed things; a CONTINUOUS task has a query instead."""

    task_arn: str = field(metadata={"description": "Its ARN; empty where AWS did not send it."})
    s3_url: str | None = field(default=None, metadata={"description": "The file that devices install."})
    ota_type: str | None = field(
        default=None, metadata={"description": "ONE_TIME for named things, CONTINUOUS for a query."}
    )
    protocol: str | None = field(default=None, metadata={"description": "By what devices fetch the file."})
    ota_mechanism: str | None = field(default=None, metadata={"description": "How devices hear of it."})
    task_configuration_id: str | None = field(
        default=None, metadata={"description": "The configuration of its rollout."}
    )
    target: list[str] = field(metadata={"description": "ARNs of managed things; empty where a query chooses them."})


@dataclass(slots=True, kw_only=True)
class AwsManagedIntegrationsPackageDetails:
    """The file a task names, known only through that task."""

    s3_url: str = field(metadata={"description": "Where the file lies."})
