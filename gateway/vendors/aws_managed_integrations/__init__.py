"""AWS IoT Device Management, managed integrations: OTA tasks and their executions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.domain.operations import Capability, Operation, Support
from gateway.vendorkit.manifest import AdapterContext, VendorManifest
from gateway.vendors.aws_managed_integrations.details import (
    AwsManagedIntegrationsPackageDetails,
    AwsManagedIntegrationsTaskDetails,
)

if TYPE_CHECKING:
    from gateway.domain.ports import VendorAdapter
    from gateway.vendorkit.settings import BackendSettings
    from gateway.vendorkit.simulation.options import SimulatorOptions
    from gateway.vendorkit.simulation.simulator import Simulator
    from gateway.vendorkit.statuses import StatusTable

_NO_PACKAGES = "Managed integrations has no packages: a task names a file in S3, and only that task shows it."


def _settings() -> "type[BackendSettings]":
    from gateway.vendors.aws_managed_integrations.settings import (  # noqa: PLC0415 - a manifest costs nothing to read
        AwsManagedIntegrationsSettings,
    )

    return AwsManagedIntegrationsSettings


def _endpoint(settings: "BackendSettings") -> str:
    from gateway.vendors.aws_managed_integrations.adapter import (  # noqa: PLC0415 - a manifest costs nothing to read
        endpoint,
    )

    return endpoint(settings)


def _adapter(settings: "BackendSettings", context: AdapterContext) -> "VendorAdapter":
    from gateway.vendors.aws_managed_integrations.adapter import (  # noqa: PLC0415 - a manifest costs nothing to read
        build,
    )

    return build(settings, context)


def _simulator(options: "SimulatorOptions") -> "Simulator":
    from gateway.vendors.aws_managed_integrations.simulator import (  # noqa: PLC0415 - a manifest costs nothing to read
        build,
    )

    return build(options)


def _demo_settings(base_url: str) -> Mapping[str, object]:
    return {"region": "eu-west-1", "credentials": {"access_key_id": "demo", "secret_access_key": "demo-secret"}}


def _status_tables() -> "Mapping[str, StatusTable[Any]]":
    from gateway.vendors.aws_managed_integrations import mapping  # noqa: PLC0415 - a manifest costs nothing to read

    return {"task": mapping.TASK_STATUSES, "execution": mapping.EXECUTION_STATUSES}


MANIFEST = VendorManifest(
    slug="aws-managed-integrations",
    vendor="AWS_MANAGED_INTEGRATIONS",
    title="AWS managed integrations",
    capabilities=(
        Capability(operation=Operation.LIST_TASKS, support=Support.NATIVE),
        Capability(
            operation=Operation.LIST_PACKAGES,
            support=Support.NONE,
            note=_NO_PACKAGES,
            alternatives=(Operation.LIST_TASKS,),
        ),
        Capability(
            operation=Operation.LIST_EXECUTIONS,
            support=Support.PARTIAL,
            note="By task, without a filter: one status or one device costs reading the whole task.",
        ),
        Capability(
            operation=Operation.LIST_DEVICE_EXECUTIONS,
            support=Support.NONE,
            note="Managed integrations lists executions by task only. Name the task together with the device.",
            alternatives=(Operation.LIST_EXECUTIONS,),
        ),
        Capability(
            operation=Operation.CREATE_TASK,
            support=Support.NATIVE,
            max_targets=100,
            note="Targets are ids or ARNs of managed things; the file is an s3Url. Tasks have no name.",
        ),
        Capability(
            operation=Operation.UPDATE_TASK,
            support=Support.NATIVE,
            note="The description and the task configuration.",
        ),
        Capability(
            operation=Operation.CONFIRM_TASK,
            support=Support.NONE,
            note="Managed integrations waits for no confirmation: tasks start by themselves, or as scheduled.",
        ),
        Capability(
            operation=Operation.RETRY_TASK,
            support=Support.NONE,
            note="Retries follow the task's own retry configuration alone. Create a task for the failed devices.",
            alternatives=(Operation.CREATE_TASK,),
        ),
        Capability(
            operation=Operation.CANCEL_TASK,
            support=Support.NONE,
            note="Managed integrations cannot cancel a task. It can delete one.",
            alternatives=(Operation.DELETE_TASK,),
        ),
        Capability(
            operation=Operation.DELETE_TASK,
            support=Support.NATIVE,
            note="Without force. The service deletes in its own time.",
        ),
        Capability(operation=Operation.DELETE_PACKAGE, support=Support.NONE, note=_NO_PACKAGES),
        Capability(
            operation=Operation.CANCEL_EXECUTION,
            support=Support.NONE,
            note="Managed integrations cannot cancel one device. It can delete the whole task.",
            alternatives=(Operation.DELETE_TASK,),
        ),
        Capability(
            operation=Operation.DELETE_EXECUTION,
            support=Support.NONE,
            note="Managed integrations keeps a device's record as long as its task. It can delete the whole task.",
            alternatives=(Operation.DELETE_TASK,),
        ),
    ),
    settings=_settings,
    endpoint=_endpoint,
    adapter=_adapter,
    simulator=_simulator,
    demo_settings=_demo_settings,
    task_page_size=1000,
    package_page_size=1000,
    execution_page_size=1000,
    task_details=AwsManagedIntegrationsTaskDetails,
    package_details=AwsManagedIntegrationsPackageDetails,
    status_tables=_status_tables,
)
