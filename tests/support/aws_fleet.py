"""boto3 beside the gateway, against an emulator: the devices' own side of AWS IoT jobs, and somebody else's hands."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config

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


@contextmanager
def fleet_of(url: str) -> Iterator[Fleet]:
    """A fleet in the emulator at `url`. What fails is not tried again."""
    with ExitStack() as stack:

        def client(service: str) -> Any:
            made = boto3.client(
                service, region_name=REGION, endpoint_url=url,
                aws_access_key_id="test", aws_secret_access_key="test-secret",
                config=Config(retries={"total_max_attempts": 1}),
            )  # fmt: skip
            stack.callback(made.close)
            return made

        yield Fleet(client("iot"), client("iot-jobs-data"))
