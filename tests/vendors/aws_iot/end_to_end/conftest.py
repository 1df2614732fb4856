"""The gateway, run as `serve`, in front of AWS emulators that others wrote; boto3 acts as the devices and as others."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from tests.support.gateway_server import RunningGateway, serving_gateway
from tests.support.ministack import serving_ministack
from tests.support.moto import serving_moto
from tests.support.watched_server import Watched, watching

REGION = "us-east-1"


def backend_at(url: str, name: str) -> dict[str, object]:
    """An AWS IoT backend of a configuration file."""
    return {
        "name": name,
        "vendor": "aws-iot",
        "region": REGION,
        "endpoint": url,
        "credentials": {"access_key_id": "test", "secret_access_key": "test-secret"},
        "calls_per_second": 1000,
    }


@dataclass(frozen=True)
class Fleet:
    """What boto3 does beside the gateway: `iot` is somebody else in the account, `device` is the devices' own side."""

    iot: Any
    device: Any

    def thing(self) -> tuple[str, str]:
        """Name and ARN of a new thing."""
        name = f"thing-{uuid4().hex[:8]}"
        return name, self.iot.create_thing(thingName=name)["thingArn"]

    def job(self, *targets: str, **members: object) -> str:
        """The id of a new job, made without the gateway."""
        name = str(members.pop("jobId", f"job-{uuid4().hex[:8]}"))
        self.iot.create_job(jobId=name, targets=list(targets), document="{}", **members)
        return name

    def started(self, thing: str) -> None:
        """The device takes its next job."""
        assert "execution" in self.device.start_next_pending_job_execution(thingName=thing)

    def reports(self, thing: str, job: str, status: str, **details: str) -> None:
        """The device says how it went."""
        self.device.update_job_execution(jobId=job, thingName=thing, status=status, statusDetails=details)

    def execution(self, thing: str, job: str) -> dict[str, Any] | None:
        """What stands there, past the gateway."""
        try:
            found: dict[str, Any] = self.iot.describe_job_execution(jobId=job, thingName=thing)["execution"]
        except self.iot.exceptions.ResourceNotFoundException:
            return None
        return found


@pytest.fixture(scope="session")
def fleet_at() -> Iterator[Callable[[str], Fleet]]:
    """boto3's clients of an emulator."""
    with ExitStack() as stack:

        def client(service: str, url: str) -> Any:
            made = boto3.client(
                service, region_name=REGION, endpoint_url=url,
                aws_access_key_id="test", aws_secret_access_key="test-secret",
                config=Config(retries={"total_max_attempts": 1}),
            )  # fmt: skip
            stack.callback(made.close)
            return made

        yield lambda url: Fleet(client("iot", url), client("iot-jobs-data", url))


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(scope="session")
def sent(ministack: str) -> Iterator[Watched]:
    """What the gateway sends to ministack."""
    with watching(ministack) as watched:
        yield watched


@pytest.fixture(scope="session")
def gateway(sent: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway over ministack, backend `fleet`."""
    with serving_gateway(tmp_path_factory.mktemp("gateway"), [backend_at(sent.url, "fleet")]) as running:
        yield running


@pytest.fixture(scope="session")
def moto_gateway(moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway over moto, backend `sloppy`."""
    with serving_gateway(tmp_path_factory.mktemp("moto-gateway"), [backend_at(moto, "sloppy")]) as running:
        yield running


@pytest.fixture(scope="session")
def fleet(ministack: str, fleet_at: Callable[[str], Fleet]) -> Fleet:
    """boto3 at ministack, past the gateway."""
    return fleet_at(ministack)


@pytest.fixture
def next_second() -> Callable[[datetime], None]:
    """Waits until a moment's second is over: ministack's times, and generations made of them, are whole seconds."""

    def wait(moment: datetime) -> None:
        time.sleep(max(0.0, int(moment.timestamp()) + 1.01 - time.time()))

    return wait
