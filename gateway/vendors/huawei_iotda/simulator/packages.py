"""OtaPackage: an upgrade package as IoTDA keeps it. The file itself lies in object storage and outlives the package."""

from dataclasses import dataclass, field

PACKAGE_TYPES = {
    "softwareUpgrade": "softwarePackage",
    "firmwareUpgrade": "firmwarePackage",
    "moduleUpgrade": "modulePackage",
}
"""Task types that upgrade, and the type of package each takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtaPackage:
    """One package; `created` is in epoch seconds, `obs_location` the object behind it."""

    record: int
    package_id: str
    app_id: str
    package_type: str
    product_id: str
    product_name: str | None
    version: str
    created: float
    obs_location: dict[str, str]
    module_name: str | None = None
    support_source_versions: list[str] = field(default_factory=list)
    description: str | None = None
    custom_info: str | None = None
