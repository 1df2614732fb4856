"""Tuya IoT Platform ("Hedwig on Cloud"): OTA packages, upgrade batches and device upgrade tasks, by its RPC API.

This is the `?Action=` API with AccessKeyId and HMAC-SHA1, not Tuya's OpenAPI.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.domain.operations import Capability, Operation, Support
from gateway.domain.ports import VendorAdapter
from gateway.vendorkit.manifest import AdapterContext, VendorManifest
from gateway.vendors.tuya.details import TuyaPackageDetails, TuyaTaskDetails

if TYPE_CHECKING:
    from gateway.vendorkit.settings import BackendSettings
    from gateway.vendorkit.simulation.options import SimulatorOptions
    from gateway.vendorkit.simulation.simulator import Simulator
    from gateway.vendorkit.statuses import StatusTable

CAPABILITIES = (
    Capability(
        operation=Operation.LIST_TASKS,
        support=Support.PARTIAL,
        note="Read package by package, without counts per status: a batch whose package was deleted is not listed.",
    ),
    Capability(operation=Operation.LIST_PACKAGES, support=Support.NATIVE),
    Capability(operation=Operation.LIST_EXECUTIONS, support=Support.NATIVE),
    Capability(
        operation=Operation.LIST_DEVICE_EXECUTIONS,
        support=Support.PARTIAL,
        note="Only unfinished ones: CONFIRM, QUEUED, NOTIFIED and IN_PROGRESS.",
    ),
    Capability(
        operation=Operation.CREATE_TASK,
        support=Support.PARTIAL,
        max_targets=200,
        note="Static upgrade batches that start at once; needs packageId and productKey.",
    ),
    Capability(
        operation=Operation.UPDATE_TASK,
        support=Support.NONE,
        note="Tuya cannot change a batch. Cancel it and create another.",
        alternatives=(Operation.CANCEL_TASK,),
    ),
    Capability(operation=Operation.CONFIRM_TASK, support=Support.NATIVE, max_targets=10),
    Capability(
        operation=Operation.RETRY_TASK,
        support=Support.NONE,
        note="Tuya retries only by the policy a batch was created with. Create another batch.",
        alternatives=(Operation.CREATE_TASK,),
    ),
    Capability(
        operation=Operation.CANCEL_TASK,
        support=Support.PARTIAL,
        note="Devices in CONFIRM, QUEUED and NOTIFIED. Tuya cannot cancel one that is IN_PROGRESS.",
    ),
    Capability(
        operation=Operation.DELETE_TASK,
        support=Support.NONE,
        note="Tuya cannot delete a batch. Cancel it instead: it stays listed.",
        alternatives=(Operation.CANCEL_TASK,),
    ),
    Capability(operation=Operation.DELETE_PACKAGE, support=Support.NATIVE),
    Capability(
        operation=Operation.CANCEL_EXECUTION,
        support=Support.PARTIAL,
        max_targets=50,
        note="In CONFIRM, QUEUED and NOTIFIED. Tuya cannot cancel a device that is IN_PROGRESS.",
    ),
    Capability(
        operation=Operation.DELETE_EXECUTION,
        support=Support.NONE,
        note="Tuya cannot delete a device's record. Cancel the device instead.",
        alternatives=(Operation.CANCEL_EXECUTION,),
    ),
)


def _settings() -> "type[BackendSettings]":
    from gateway.vendors.tuya.settings import TuyaSettings  # noqa: PLC0415 - a manifest stays light

    return TuyaSettings


def _endpoint(settings: "BackendSettings") -> str:
    return settings.endpoint or ""


def _adapter(settings: "BackendSettings", context: AdapterContext) -> VendorAdapter:
    from gateway.vendors.tuya.adapter import TuyaAdapter  # noqa: PLC0415 - a manifest stays light
    from gateway.vendors.tuya.settings import TuyaSettings  # noqa: PLC0415 - a manifest stays light

    if not isinstance(settings, TuyaSettings):
        raise TypeError(f"Expected TuyaSettings, not {type(settings).__name__}.")
    return TuyaAdapter(settings, context)


def _simulator(options: "SimulatorOptions") -> "Simulator":
    from gateway.vendors.tuya.simulator import build  # noqa: PLC0415 - a manifest stays light

    return build(options)


def _demo_settings(base_url: str) -> Mapping[str, object]:
    return {"credentials": {"access_key_id": "demo", "access_key_secret": "demo-secret"}}


def _status_tables() -> "Mapping[str, StatusTable[Any]]":
    from gateway.vendors.tuya.mapping import STATUS_TABLES  # noqa: PLC0415 - a manifest stays light

    return STATUS_TABLES


MANIFEST = VendorManifest(
    slug="tuya",
    vendor="TUYA",
    title="Tuya IoT Platform",
    capabilities=CAPABILITIES,
    settings=_settings,
    endpoint=_endpoint,
    adapter=_adapter,
    simulator=_simulator,
    demo_settings=_demo_settings,
    task_page_size=200,
    package_page_size=100,
    execution_page_size=100,
    task_details=TuyaTaskDetails,
    package_details=TuyaPackageDetails,
    status_tables=_status_tables,
)
