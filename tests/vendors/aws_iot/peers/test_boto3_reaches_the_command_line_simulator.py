"""`simulate aws-iot`, as a process of its own, takes the keys and makes the fleet that it is told."""

import os
import sys
from pathlib import Path

import boto3

from tests.support.child_server import REPOSITORY, child_server, free_port


def test_boto3_lists_the_fleet_of_the_command_line_with_the_keys_given_there(tmp_path: Path) -> None:
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "gateway", "simulate", "aws-iot", "--port", str(port), "--no-quotas",
        "--tasks", "3", "--devices", "2", "--access-key", "mine", "--secret-key", "own",
    ]  # fmt: skip
    with child_server(
        command,
        asking=endpoint,
        log=tmp_path / "simulator.log",
        folder=REPOSITORY,
        environment={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    ):
        client = boto3.client(
            "iot", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="mine", aws_secret_access_key="own"
        )
        jobs = client.list_jobs()["jobs"]
        executions = client.list_job_executions_for_job(jobId=jobs[0]["jobId"])["executionSummaries"]
        client.close()
    assert len(jobs) == 3
    assert len(executions) == 2
