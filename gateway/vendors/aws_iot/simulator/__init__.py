"""A simulated AWS IoT: jobs, executions and packages over the wire API, with signatures checked."""

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.simulator import Simulator
from gateway.vendors.aws_iot.simulator.api import AwsIotSimulator

__all__ = ["AwsIotSimulator", "build"]


def build(options: SimulatorOptions) -> Simulator:
    """The simulator, seeded and ready to serve."""
    return AwsIotSimulator(options)
