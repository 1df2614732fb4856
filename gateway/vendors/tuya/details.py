"""What only Tuya says of a batch or a package, in its own words. Ids are Tuya's own numeric strings."""

from dataclasses import dataclass, field

from gateway.domain.details import GlobalId


@dataclass(frozen=True, slots=True, kw_only=True)
class TuyaTaskDetails:
    """A batch's package and product, its type (VERIFY_FIRMWARE, UPGRADE_FIRMWARE), and whom it was made for."""

    firmware_id: GlobalId = field(metadata={"description": "The firmware it installs."})
    product_key: str = field(metadata={"description": "The product of its devices."})
    job_type: str | None = field(
        metadata={"description": "VERIFY_FIRMWARE tries a firmware on a few devices; UPGRADE_FIRMWARE rolls it out."}
    )
    target_selection: str | None = field(metadata={"description": "ALL, SPECIFIC, GRAY or GROUP."})


@dataclass(frozen=True, slots=True, kw_only=True)
class TuyaPackageDetails:
    """A package's type (0 is a full package), its module, the version it upgrades from, and how it is signed."""

    firmware_type: int | None = field(metadata={"description": "0 is a full package."})
    module_name: str | None = field(metadata={"description": "The module it is for."})
    source_version: str | None = field(
        metadata={"description": "The version it upgrades from, where it is a differential package."}
    )
    sign_method: str | None = field(metadata={"description": "MD5 or SHA256."})
