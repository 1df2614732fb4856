"""Huawei Cloud IoTDA: batch tasks of the upgrade types, upgrade packages, and the subtasks of each device (API v5)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.domain.operations import Capability, Operation, Support
from gateway.domain.ports import VendorAdapter
from gateway.vendorkit.manifest import AdapterContext, VendorManifest
from gateway.vendors.huawei_iotda.details import HuaweiIotdaPackageDetails, HuaweiIotdaTaskDetails

if TYPE_CHECKING:
    from gateway.vendorkit.settings import BackendSettings
    from gateway.vendorkit.simulation.options import SimulatorOptions
    from gateway.vendorkit.simulation.simulator import Simulator
    from gateway.vendorkit.statuses import StatusTable

PAGE_SIZE = 50
TARGETS_PER_CALL = 100

CAPABILITIES = (
    Capability(operation=Operation.LIST_TASKS, support=Support.NATIVE),
    Capability(operation=Operation.LIST_PACKAGES, support=Support.NATIVE),
    Capability(operation=Operation.LIST_EXECUTIONS, support=Support.NATIVE),
    Capability(
        operation=Operation.LIST_DEVICE_EXECUTIONS,
        support=Support.NONE,
        note="Huawei IoTDA lists devices by task only. Name the task together with the device.",
        alternatives=(Operation.LIST_EXECUTIONS,),
    ),
    Capability(
        operation=Operation.CREATE_TASK,
        support=Support.NATIVE,
        max_targets=30_000,
        note="Needs a name and a package. A schedule may lie at most 7 days ahead.",
    ),
    Capability(
        operation=Operation.UPDATE_TASK,
        support=Support.NONE,
        note="Huawei IoTDA cannot change a batch task. Cancel it and create another.",
        alternatives=(Operation.CANCEL_TASK, Operation.CREATE_TASK),
    ),
    Capability(operation=Operation.CONFIRM_TASK, support=Support.NATIVE, max_targets=TARGETS_PER_CALL),
    Capability(
        operation=Operation.RETRY_TASK,
        support=Support.PARTIAL,
        max_targets=TARGETS_PER_CALL,
        note="Documented for software and firmware tasks, not for module tasks.",
    ),
    Capability(
        operation=Operation.CANCEL_TASK,
        support=Support.PARTIAL,
        note="Documented for software and firmware tasks, not for module tasks.",
    ),
    Capability(
        operation=Operation.DELETE_TASK,
        support=Support.NATIVE,
        note="Only tasks in Success, PartialSuccess, Fail or Stopped. Cancel a running one first.",
    ),
    Capability(operation=Operation.DELETE_PACKAGE, support=Support.NATIVE, note="The file stays in its OBS bucket."),
    Capability(
        operation=Operation.CANCEL_EXECUTION,
        support=Support.PARTIAL,
        max_targets=TARGETS_PER_CALL,
        note="Documented for software and firmware tasks, not for module tasks.",
    ),
    Capability(
        operation=Operation.DELETE_EXECUTION,
        support=Support.NONE,
        note="Huawei IoTDA keeps a device's record as long as its task. Cancel the device instead.",
        alternatives=(Operation.CANCEL_EXECUTION,),
    ),
)


def _settings() -> "type[BackendSettings]":
    from gateway.vendors.huawei_iotda.settings import HuaweiIotdaSettings  # noqa: PLC0415 - a manifest stays light

    return HuaweiIotdaSettings


def _endpoint(settings: "BackendSettings") -> str:
    return settings.endpoint or ""


def _adapter(settings: "BackendSettings", context: AdapterContext) -> VendorAdapter:
    from gateway.vendors.huawei_iotda.adapter import HuaweiIotdaAdapter  # noqa: PLC0415 - a manifest stays light
    from gateway.vendors.huawei_iotda.settings import HuaweiIotdaSettings  # noqa: PLC0415 - a manifest stays light

    if not isinstance(settings, HuaweiIotdaSettings):
        raise TypeError(f"Expected HuaweiIotdaSettings, not {type(settings).__name__}.")
    return HuaweiIotdaAdapter(settings, context)


def _simulator(options: "SimulatorOptions") -> "Simulator":
    from gateway.vendors.huawei_iotda.simulator import build  # noqa: PLC0415 - a manifest stays light

    return build(options)


def _demo_settings(base_url: str) -> Mapping[str, object]:
    return {
        "region": "cn-north-4",
        "project_id": "demo",
        "credentials": {"access_key": "demo", "secret_key": "demo-secret"},
    }


def _status_tables() -> "Mapping[str, StatusTable[Any]]":
    from gateway.vendors.huawei_iotda.mapping import STATUS_TABLES  # noqa: PLC0415 - a manifest stays light

    return STATUS_TABLES


MANIFEST = VendorManifest(
    slug="huawei-iotda",
    vendor="HUAWEI_IOTDA",
    title="Huawei Cloud IoTDA",
    capabilities=CAPABILITIES,
    settings=_settings,
    endpoint=_endpoint,
    adapter=_adapter,
    simulator=_simulator,
    demo_settings=_demo_settings,
    task_page_size=PAGE_SIZE,
    package_page_size=PAGE_SIZE,
    execution_page_size=PAGE_SIZE,
    task_details=HuaweiIotdaTaskDetails,
    package_details=HuaweiIotdaPackageDetails,
    status_tables=_status_tables,
)
