import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

Start = Callable[..., AbstractContextManager[Any]]


def test_a_simulated_vendor_serves_its_own_clients(start: Start) -> None:
    arguments = ("simulate", "aws-iot", "--tasks", "3", "--devices", "2", "--access-key", "mine", "--secret-key", "own")
    with start(*arguments, "--no-quotas") as running:
        endpoint = running.address("AWS IoT Jobs, simulated, at")
        hint = running.read_until("Access key")
        client = boto3.client(
            "iot", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="mine", aws_secret_access_key="own"
        )
        jobs = client.list_jobs()["jobs"]
        client.close()
        status, _ = running.end(signal.SIGTERM)
    assert len(jobs) == 3
    assert "own" not in hint
    assert status == 0


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_simulator_with_faults_breaks_as_told_and_ends_when_told(
    start: Start, tmp_path: Path, by: signal.Signals
) -> None:
    (tmp_path / "faults.yaml").write_text("- {fault: drop}")
    with start("simulate", "tuya", "--faults", "faults.yaml", "--variant", "wrapped_lists") as running:
        endpoint = running.address("simulated, at")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{endpoint}/?Action=ListOTAFirmware", trust_env=False)
        status, printed = running.end(by)
    assert status == 0
    assert "Traceback" not in printed
