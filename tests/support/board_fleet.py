"""A gateway as it is run, over simulated vendors whose tasks move, for who looks at it from outside."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.simulation.faults import FaultPlan
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread
from gateway.vendorkit.simulation.simulator import Simulator
from tests.support.child_server import free_port
from tests.support.fault_questions import WRITES
from tests.support.gateway_server import RunningGateway, serving_gateway

GONE = "gone-tuya"
_RUNNING = """query ($names: [String!]) { tasks(first: 20, filter: {backends: $names, status: [IN_PROGRESS]}) { nodes {
  id name executions(first: 20) { nodes { device { name } status allowedOperations { operation allowed } } } } } }"""


@dataclass(slots=True)
class Vendor:
    """A simulated vendor, its faults, and the backend's name."""

    name: str
    simulator: Simulator
    faults: FaultPlan

    def writes(self) -> int:
        """How many requests that change something it has seen."""
        slug = self.name.removeprefix("lab-")
        return sum(self.simulator.calls.get(operation, 0) for operation in WRITES[slug])


@dataclass(slots=True)
class Fleet:
    """The gateway over the vendors."""

    gateway: RunningGateway
    vendors: dict[str, Vendor]

    @property
    def url(self) -> str:
        return self.gateway.url

    def running(self, slug: str) -> list[dict[str, Any]]:
        """Tasks of a vendor that are in progress."""
        found: list[dict[str, Any]] = self.gateway.ask(_RUNNING, names=[self.vendors[slug].name])["tasks"]["nodes"]
        return found

    def status(self, task_id: str) -> str:
        """A task's status, as its vendor has it now."""
        return str(self.gateway.ask("query ($id: ID!) { task(id: $id) { status } }", id=task_id)["task"]["status"])


@contextmanager
def fleet_of(
    folder: Path,
    slugs: list[str],
    *,
    gone: bool = False,
    timeout: str = "3s",
    sections: dict[str, object] | None = None,
    **options: Any,
) -> Iterator[Fleet]:
    """A gateway as it is run, over simulated vendors; with `gone` also over one that nobody answers for.

    `timeout` is each backend's, `sections` are further ones of the configuration, `options` the simulators'.
    """
    with ExitStack() as stack:
        vendors, backends = {}, []
        for place, slug in enumerate(slugs):
            manifest = installed_vendors()[slug]
            faults = FaultPlan()
            simulator = manifest.simulator(
                SimulatorOptions(**{"seed": place, "quotas": False, "speed": 4.0, "faults": faults, **options})
            )
            url = stack.enter_context(serving_in_thread(simulator))
            vendors[slug] = Vendor(f"lab-{slug}", simulator, faults)
            backends.append({**manifest.demo_settings(url), "name": f"lab-{slug}", "vendor": slug, "endpoint": url})
        if gone:
            nowhere = f"http://127.0.0.1:{free_port()}"
            settings = installed_vendors()["tuya"].demo_settings(nowhere)
            backends.append({**settings, "name": GONE, "vendor": "tuya", "endpoint": nowhere})
        pace = {"calls_per_second": 1000, "cache_ttl": "1s", "timeout": timeout}
        yield Fleet(stack.enter_context(serving_gateway(folder, backends, defaults=pace, **(sections or {}))), vendors)


def free_devices(task: dict[str, Any]) -> list[str]:
    """The devices of a task whose upgrade may be cancelled."""
    return [
        one["device"]["name"]
        for one in task["executions"]["nodes"]
        if any(may["operation"] == "CANCEL_EXECUTION" and may["allowed"] for may in one["allowedOperations"])
    ]
