"""Simulated AWS IoT managed integrations: OTA tasks over the wire API, with signatures checked."""

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.simulator import Simulator
from gateway.vendors.aws_managed_integrations.simulator.api import ManagedIntegrationsSimulator

__all__ = ["ManagedIntegrationsSimulator", "build"]


def build(options: SimulatorOptions) -> Simulator:
    """The simulator, seeded and ready to serve."""
    return ManagedIntegrationsSimulator(options)
