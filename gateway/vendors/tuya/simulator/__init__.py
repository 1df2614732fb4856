"""A simulated Tuya IoT Platform ("Hedwig on Cloud"): the OTA part of its `?Action=` API, signatures checked.

It takes GET with a query and POST with a query or a form. Much is not documented by Tuya; what this simulator does
instead is said where it does it, and is switched by `variants` where clients should be tried against both:

- `wrapped_lists`: lists come as `{"simpleOTATaskInfo": [...]}` and the like. Default: a bare array.
- `strict_cancel`: CancelOTATaskByDevice cancels nothing, success false, when a named device has no task that can be
  cancelled. Default: it cancels what it can and answers success.
- `in_use_allowed`: DeleteOTAFirmware deletes a package with unfinished jobs. Default: success false.

Under `quotas` the account has 50 requests a second; the vendor publishes no figure.
"""

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendors.tuya.simulator.api import TuyaSimulator

__all__ = ["TuyaSimulator", "build"]


def build(options: SimulatorOptions) -> TuyaSimulator:
    """The simulator, with its fleet."""
    return TuyaSimulator(options)
