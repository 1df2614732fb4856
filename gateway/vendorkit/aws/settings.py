"""The part of a backend's configuration that every AWS service shares."""

from typing import Self

from pydantic import Field, model_validator

from gateway.vendorkit.settings import AwsCredentials, BackendSettings


class AwsBackendSettings(BackendSettings):
    """One account and Region. Keys come from `credentials`, else from `profile`, else from the usual AWS chain."""

    region: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{1,62}$", description="The Region of the endpoint and of its signatures."
    )
    profile: str | None = Field(None, min_length=1, description="A profile of ~/.aws/config or ~/.aws/credentials.")
    role_arn: str | None = Field(
        None, pattern=r"^arn:[^:\s]+:iam::\d{12}:role/\S+$", description="A role to assume with those keys."
    )
    external_id: str | None = Field(None, min_length=2, max_length=1224, description="What the role's trust asks for.")
    credentials: AwsCredentials | None = Field(None, description="Static keys, where no chain or profile has them.")

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        if self.credentials is not None and self.profile is not None:
            raise ValueError("give either credentials or profile, not both")
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id is only used together with role_arn")
        return self
