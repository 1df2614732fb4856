"""What only Huawei IoTDA says of a task or a package, in its own words."""

from dataclasses import dataclass

from gateway.domain.details import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class HuaweiIotdaTaskDetails:
    """A batch task's type, the vendor's text on its state, and the device ids it was made for."""

    task_type: str
    status_description: str | None
    targets: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HuaweiIotdaPackageDetails:
    """A package's type, the versions it upgrades from (a differential package), where its file lies, and its note."""

    package_type: str
    support_source_versions: list[str]
    file_location: JsonValue | None
    custom_info: str | None
