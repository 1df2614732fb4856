"""How to reach and sign for one Huawei IoTDA project."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from gateway.vendorkit.settings import BackendSettings, Strict

TASK_TYPES = ("softwareUpgrade", "firmwareUpgrade", "moduleUpgrade")
PACKAGE_TYPES = ("softwarePackage", "firmwarePackage", "modulePackage")


class HuaweiCredentials(Strict):
    """An access key, permanent or temporary."""

    access_key: str = Field(min_length=1, description="The key's public half (AK).")
    secret_key: SecretStr = Field(description="Its secret half (SK).")
    security_token: SecretStr | None = Field(None, description="Goes with a temporary access key.")


class IamUser(Strict):
    """An IAM user whose password buys tokens. A HUAWEI ID account cannot get one itself."""

    domain: str = Field(min_length=1, description="The account's name.")
    user: str = Field(min_length=1, description="The IAM user's name.")
    password: SecretStr = Field(description="The IAM user's password.")
    endpoint: str | None = Field(
        None, pattern=r"^https?://[^/\s?#@]+/?$", description="Where it is not iam.{region}.myhuaweicloud.com."
    )


class HuaweiIotdaSettings(BackendSettings):
    """One project of one instance. Exactly one of `credentials` and `iam` says who asks."""

    endpoint: str = Field(
        pattern=r"^https?://[^/\s?#@]+/?$",
        description="The application access address of the instance (console: Overview, Access Details).",
    )
    region: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$", description="Such as cn-north-4.")
    project_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The project that owns the devices.")
    instance_id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9-]{1,36}$", description="Mandatory for professional editions."
    )
    signing: Literal["plain", "derived"] | None = Field(
        None, description="SDK-HMAC-SHA256 or V11-HMAC-SHA256; by default derived for *.iotda-app.* hosts."
    )
    credentials: HuaweiCredentials | None = None
    iam: IamUser | None = None
    task_types: tuple[str, ...] = Field(
        TASK_TYPES, min_length=1, description="Upgrade types to list. Drop one that your instance refuses."
    )
    package_types: tuple[str, ...] = Field(
        PACKAGE_TYPES, min_length=1, description="Package types to list. Drop one that your instance refuses."
    )
    stoppable_task_types: tuple[str, ...] = Field(
        ("softwareUpgrade", "firmwareUpgrade"),
        description="Task types that stop and retry are offered for. The vendor documents these two.",
    )

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if (self.credentials is None) == (self.iam is None):
            raise ValueError("give exactly one of credentials and iam")
        return self

    @property
    def derived_signing(self) -> bool:
        """Whether requests carry the derived signature. Instance hosts want it, the shared host does not."""
        if self.signing is not None:
            return self.signing == "derived"
        return ".iotda-app." in self.endpoint
