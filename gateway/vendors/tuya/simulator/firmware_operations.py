"""The operations on packages."""

import re
from typing import Any

from gateway.vendors.tuya.simulator.firmware import NO_VERIFICATION_NEEDED, UNVERIFIED, Firmware
from gateway.vendors.tuya.simulator.parameters import Parameters
from gateway.vendors.tuya.simulator.platform import Platform
from gateway.vendors.tuya.simulator.refusals import BAD_PARAMETER, FIRMWARE_IN_USE, FIRMWARE_NOT_FOUND, failed
from gateway.vendors.tuya.simulator.wording import firmware_item, whole_firmware, wire_time

_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LARGEST_FILE = 1000 * 1024 * 1024


def find_firmware(platform: Platform, firmware_id: str) -> Firmware:
    """A package by id. Raises Refused."""
    firmware = platform.firmware.get(firmware_id)
    if firmware is None:
        raise failed(FIRMWARE_NOT_FOUND, "The specified firmware does not exist.")
    return firmware


class FirmwareOperations:
    """Each takes the parameters and the time (epoch seconds) and gives the members of the answer."""

    def __init__(self, platform: Platform, *, refuse_in_use: bool) -> None:
        self._platform = platform
        self._refuse_in_use = refuse_in_use

    def list_firmware(self, asked: Parameters, _: float) -> dict[str, Any]:
        """ListOTAFirmware."""
        page = asked.page(100)
        product_key, version = asked.optional("ProductKey"), asked.optional("DestVersion")
        found = [
            firmware
            for firmware in reversed(self._platform.firmware.values())
            if product_key in (None, firmware.product_key) and version in (None, firmware.dest_version)
        ]
        rows = [firmware_item(firmware) for firmware in found[page.start : page.start + page.size]]
        return {**page.members(len(found)), "firmwareInfo": rows}

    def query_firmware(self, asked: Parameters, now: float) -> dict[str, Any]:
        """QueryOTAFirmware."""
        firmware = find_firmware(self._platform, asked.required("FirmwareId"))
        return {"firmwareInfo": whole_firmware(firmware, now)}

    def delete_firmware(self, asked: Parameters, now: float) -> dict[str, Any]:
        """DeleteOTAFirmware."""
        firmware = find_firmware(self._platform, asked.required("FirmwareId"))
        jobs = self._platform.jobs[firmware.firmware_id]
        if self._refuse_in_use and any(job.status(now) in {"PLANNED", "IN_PROGRESS"} for job in jobs):
            raise failed(FIRMWARE_IN_USE, "The firmware has unfinished upgrade batches.")
        del self._platform.firmware[firmware.firmware_id]
        del self._platform.jobs[firmware.firmware_id]
        return {}

    def create_firmware(self, asked: Parameters, now: float) -> dict[str, Any]:
        """CreateOTAFirmware, without a look at the file."""
        version, name = asked.required("DestVersion"), asked.required("FirmwareName")
        if not _VERSION.fullmatch(version) or len(name) > 40:
            raise failed(BAD_PARAMETER, "DestVersion takes 64 of letters, digits and .-_, FirmwareName 40 characters.")
        product_key = asked.optional("ProductKey") or next(iter(self._platform.products))
        if product_key not in self._platform.products:
            raise failed(BAD_PARAMETER, "The product does not exist.")
        sign_method = asked.optional("SignMethod") or "MD5"
        if sign_method not in {"MD5", "SHA256"}:
            raise failed(BAD_PARAMETER, "SignMethod is MD5 or SHA256.")
        firmware = Firmware(
            firmware_id=self._platform.next_firmware_id(),
            name=name,
            product_key=product_key,
            product_name=self._platform.products[product_key],
            module_name=asked.optional("ModuleName") or "default",
            src_version=asked.optional("SrcVersion") or "",
            dest_version=version,
            size=asked.number("FirmwareSize", range(_LARGEST_FILE + 1)) or 0,
            sign=asked.optional("FirmwareSign") or "",
            sign_method=sign_method,
            status=NO_VERIFICATION_NEEDED if asked.flag("NeedToVerify") is False else UNVERIFIED,
            created=now,
            description=asked.optional("FirmwareDesc") or "",
            udi=asked.optional("Udi") or "",
        )
        self._platform.add_firmware(firmware)
        return {"data": {"firmwareId": firmware.firmware_id, "utcCreate": wire_time(now)}}
