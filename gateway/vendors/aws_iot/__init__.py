"""AWS IoT: jobs, job executions and the Software Package Catalog (control plane `iot`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.domain.operations import Capability, Operation, Support
from gateway.vendorkit.manifest import AdapterContext, VendorManifest
from gateway.vendors.aws_iot.details import AwsIotJobDetails, AwsIotPackageVersionDetails

if TYPE_CHECKING:
    from gateway.domain.ports import VendorAdapter
    from gateway.vendorkit.settings import BackendSettings
    from gateway.vendorkit.simulation.options import SimulatorOptions
    from gateway.vendorkit.simulation.simulator import Simulator
    from gateway.vendorkit.statuses import StatusTable


def _settings() -> "type[BackendSettings]":
    from gateway.vendors.aws_iot.settings import AwsIotSettings  # noqa: PLC0415 - a manifest costs nothing to read

    return AwsIotSettings


def _endpoint(settings: "BackendSettings") -> str:
    from gateway.vendors.aws_iot.adapter import endpoint  # noqa: PLC0415 - a manifest costs nothing to read

    return endpoint(settings)


def _adapter(settings: "BackendSettings", context: AdapterContext) -> "VendorAdapter":
    from gateway.vendors.aws_iot.adapter import build  # noqa: PLC0415 - a manifest costs nothing to read

    return build(settings, context)


def _simulator(options: "SimulatorOptions") -> "Simulator":
    from gateway.vendors.aws_iot.simulator import build  # noqa: PLC0415 - a manifest costs nothing to read

    return build(options)


def _status_tables() -> "Mapping[str, StatusTable[Any]]":
    from gateway.vendors.aws_iot import mapping  # noqa: PLC0415 - a manifest costs nothing to read

    return {
        "task": mapping.TASK_STATUSES,
        "execution": mapping.EXECUTION_STATUSES,
        "package": mapping.PACKAGE_STATUSES,
    }


def _demo_settings(base_url: str) -> Mapping[str, object]:
    return {"region": "us-east-1", "credentials": {"access_key_id": "demo", "secret_access_key": "demo-secret"}}


MANIFEST = VendorManifest(
    slug="aws-iot",
    vendor="AWS_IOT",
    title="AWS IoT Jobs",
    capabilities=(
        Capability(operation=Operation.LIST_TASKS, support=Support.NATIVE),
        Capability(
            operation=Operation.LIST_PACKAGES,
            support=Support.NATIVE,
            note="Package versions of the Software Package Catalog: one call per package.",
        ),
        Capability(operation=Operation.LIST_EXECUTIONS, support=Support.NATIVE),
        Capability(operation=Operation.LIST_DEVICE_EXECUTIONS, support=Support.NATIVE),
        Capability(
            operation=Operation.CREATE_TASK,
            support=Support.NATIVE,
            max_targets=100,
            note="Targets are ARNs of things or thing groups, at most 100; the name is the job id.",
        ),
        Capability(
            operation=Operation.UPDATE_TASK, support=Support.PARTIAL, note="Only the description can be changed."
        ),
        Capability(
            operation=Operation.CONFIRM_TASK,
            support=Support.NONE,
            note="AWS IoT jobs wait for no confirmation: they start by themselves, or as scheduled.",
        ),
        Capability(
            operation=Operation.RETRY_TASK,
            support=Support.NONE,
            note="AWS IoT retries by the retry configuration of the job alone. Create a job for the failed devices.",
            alternatives=(Operation.CREATE_TASK,),
        ),
        Capability(
            operation=Operation.CANCEL_TASK,
            support=Support.NATIVE,
            force=True,
            note="Without force only QUEUED executions are cancelled.",
        ),
        Capability(
            operation=Operation.DELETE_TASK,
            support=Support.NATIVE,
            force=True,
            note="Without force only COMPLETED and CANCELED jobs. AWS deletes in its own time.",
        ),
        Capability(
            operation=Operation.DELETE_PACKAGE,
            support=Support.NATIVE,
            note="Deletes one package version, never the default version and never the package.",
        ),
        Capability(
            operation=Operation.CANCEL_EXECUTION,
            support=Support.NATIVE,
            force=True,
            max_targets=1,
            note="QUEUED, and with force IN_PROGRESS.",
        ),
        Capability(
            operation=Operation.DELETE_EXECUTION,
            support=Support.NATIVE,
            force=True,
            max_targets=1,
            note="Without force only executions that ended.",
        ),
    ),
    settings=_settings,
    endpoint=_endpoint,
    adapter=_adapter,
    simulator=_simulator,
    demo_settings=_demo_settings,
    names_are_task_ids=True,
    task_page_size=250,
    package_page_size=100,
    execution_page_size=250,
    task_details=AwsIotJobDetails,
    package_details=AwsIotPackageVersionDetails,
    status_tables=_status_tables,
)
