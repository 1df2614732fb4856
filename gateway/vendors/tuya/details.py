"""What only Tuya says of a batch or a package, in its own words. Ids are Tuya's own numeric strings."""

from dataclasses import dataclass

from gateway.domain.details import GlobalId


@dataclass(frozen=True, slots=True, kw_only=True)
class TuyaTaskDetails:
    """A batch's package and product, its type (VERIFY_FIRMWARE, UPGRADE_FIRMWARE), and whom it was made for."""

    firmware_id: GlobalId
    product_key: str
    job_type: str | None
    target_selection: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TuyaPackageDetails:
    """A package's type (0 is a full package), its module, the version it upgrades from, and how it is signed."""

    firmware_type: int | None
    module_name: str | None
    source_version: str | None
    sign_method: str | None
