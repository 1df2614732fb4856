"""VendorManifest: everything the gateway knows of a vendor before it is used, declared in the folder's `__init__`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.domain.backend import Backend
from gateway.domain.operations import Capability
from gateway.domain.ports import VendorAdapter

if TYPE_CHECKING:
    from gateway.vendorkit.http import VendorHttp
    from gateway.vendorkit.settings import BackendSettings
    from gateway.vendorkit.simulation.options import SimulatorOptions
    from gateway.vendorkit.simulation.simulator import Simulator
    from gateway.vendorkit.statuses import StatusTable


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterContext:
    """What an adapter is given to work with.

    `http` already paces, times and measures each vendor call; `http_for` opens the same, within the same budget, for
    another base URL, such as a token service.
    """

    backend: Backend
    http: "VendorHttp"
    http_for: "Callable[[str], VendorHttp]"
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorManifest:
    """A vendor, declared.

    `slug` is its folder's name with dashes, as configuration writes it; `vendor` its value in the OtaVendor enum.
    `task_details` and `package_details` are the dataclasses behind its members of the details unions, whose GraphQL
    names are the classes' names. `page_sizes` is the largest page each list takes. `demo_settings` gives, for a
    simulator's base URL, what a backend's configuration holds beside its name, vendor and endpoint: region, project,
    and the credentials that simulators accept. `settings`, `adapter`, `endpoint`
    and `simulator` import what they need when they are called, so that a manifest costs nothing to read.
    `names_are_task_ids`: a new task goes by the name its creator gives it, so that it can be looked up by it.
    """

    slug: str
    vendor: str
    title: str
    capabilities: tuple[Capability, ...]
    settings: Callable[[], "type[BackendSettings]"]
    endpoint: Callable[["BackendSettings"], str]
    adapter: Callable[["BackendSettings", AdapterContext], VendorAdapter]
    simulator: Callable[["SimulatorOptions"], "Simulator"]
    demo_settings: Callable[[str], Mapping[str, object]]
    task_page_size: int
    package_page_size: int
    execution_page_size: int
    names_are_task_ids: bool = False
    task_details: type | None = None
    package_details: type | None = None
    status_tables: "Callable[[], Mapping[str, StatusTable[Any]]]" = field(default=dict)
