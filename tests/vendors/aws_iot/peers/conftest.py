"""boto3, AWS's own client, against the simulated AWS IoT on a real socket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving_in_thread
from gateway.vendors.aws_iot.simulator import AwsIotSimulator


@dataclass
class Clock:
    """A clock that a test moves on; it runs too, since botocore signs with the machine's."""

    ahead: timedelta = timedelta(0)
    stopped: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stopped or datetime.now(UTC)) + self.ahead

    def stop(self) -> None:
        self.stopped = datetime.now(UTC)

    def skip(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class IotWorld:
    """A simulator, the boto3 client that talks to it, and the clock they share."""

    simulator: AwsIotSimulator
    client: Any
    clock: Clock = field(default_factory=Clock)


@pytest.fixture
def iot_world() -> Iterator[Callable[..., IotWorld]]:
    """Makes worlds: `iot_world(tasks=12, secret_key=...)`; `signs_with` overrides the client's credentials."""
    with ExitStack() as stack:

        def make(signs_with: tuple[str, str] = ("demo", "demo-secret"), **options: Any) -> IotWorld:
            clock = Clock()
            simulator = AwsIotSimulator(SimulatorOptions(now=clock, **{"quotas": False, **options}))
            client = boto3.client(
                "iot", region_name="eu-west-1", endpoint_url=stack.enter_context(serving_in_thread(simulator)),
                aws_access_key_id=signs_with[0], aws_secret_access_key=signs_with[1],
                config=Config(retries={"total_max_attempts": 1}),
            )  # fmt: skip
            stack.callback(client.close)
            return IotWorld(simulator, client, clock)

        yield make
