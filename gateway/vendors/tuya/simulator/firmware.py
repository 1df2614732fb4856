"""Firmware: an upgrade package as Tuya keeps it."""

from dataclasses import dataclass

NO_VERIFICATION_NEEDED = -1
UNVERIFIED = 0
VERIFIED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """One package; `created` in epoch seconds, `size` in bytes, `status` as the vendor numbers it (-1 to 3)."""

    firmware_id: str
    name: str
    product_key: str
    product_name: str
    module_name: str
    src_version: str
    dest_version: str
    size: int
    sign: str
    status: int
    created: float
    description: str = ""
    sign_method: str = "MD5"
    udi: str = ""
