"""A simulated Huawei Cloud IoTDA instance: upgrade packages and batch tasks, signatures and IAM tokens checked.

It speaks API v5 as huaweicloudsdkiotda 3.1.219 calls it. `access_key` and `secret_key` of the options are also the IAM
user's name and password at POST /v3/auth/tokens. What the vendor leaves open is switched by `variants`:

- `derived_only`: SDK-HMAC-SHA256 signatures get 401 IOTDA.000002, as on standard and enterprise instances.
- `package_in_use_refused`: a package that an unfinished task names is not deleted, 400. Default: it is.
- `starts_initializing`: a new task is `Initializing` for its first simulated second. Default: `Waitting` at once.

Under `quotas` the account has 50 requests a second; the vendor publishes no figure for these editions.
"""

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendors.huawei_iotda.simulator.api import HuaweiSimulator

__all__ = ["HuaweiSimulator", "build"]


def build(options: SimulatorOptions) -> HuaweiSimulator:
    """The simulator, with its fleet."""
    return HuaweiSimulator(options)
