"""What only Huawei IoTDA says of a task or a package, in its own words."""

from dataclasses import dataclass, field

from gateway.domain.details import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class HuaweiIotdaTaskDetails:
    """A batch task's type, the vendor's text on its state, and the device ids it was made for."""

    task_type: str = field(metadata={"description": "softwareUpgrade, firmwareUpgrade or moduleUpgrade."})
    status_description: str | None = field(
        metadata={"description": "The vendor's text on its state, such as why it failed."}
    )
    targets: list[str] = field(metadata={"description": "The device ids it was made for."})


@dataclass(frozen=True, slots=True, kw_only=True)
class HuaweiIotdaPackageDetails:
    """A package's type, the versions it upgrades from (a differential package), where its file lies, and its note."""

    package_type: str = field(metadata={"description": "softwarePackage, firmwarePackage or modulePackage."})
    support_source_versions: list[str] = field(
        metadata={"description": "The versions it upgrades from; empty for any."}
    )
    file_location: JsonValue | None = field(metadata={"description": "The object in OBS that holds it."})
    custom_info: str | None = field(metadata={"description": "What the device is told besides."})
