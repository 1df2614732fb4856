"""boto3 calls each operation that is promised, once or more, and parses what it is answered."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

PROMISED = {
    "ListJobs", "DescribeJob", "GetJobDocument", "CreateJob", "UpdateJob", "CancelJob", "DeleteJob",
    "ListJobExecutionsForJob", "ListJobExecutionsForThing", "DescribeJobExecution", "CancelJobExecution",
    "DeleteJobExecution", "ListPackages", "GetPackage", "CreatePackage", "UpdatePackage", "DeletePackage",
    "ListPackageVersions", "GetPackageVersion", "CreatePackageVersion", "UpdatePackageVersion",
    "DeletePackageVersion", "DescribeEndpoint",
}  # fmt: skip
THING = "arn:aws:iot:eu-west-1:123456789012:thing/"
VERSION = "arn:aws:iot:eu-west-1:123456789012:package/robot/version/1.0.0"


def test_boto3_drives_every_promised_operation(iot_world: Any) -> None:
    world = iot_world(deletion_seconds=0.0)
    iot = world.client
    assert iot.describe_endpoint(endpointType="iot:Jobs")["endpointAddress"]
    package_life(iot)
    job_life(iot)
    execution_life(iot)
    assert set(world.simulator.calls) == PROMISED


def package_life(iot: Any) -> None:
    made = iot.create_package(packageName="robot", description="Arms", tags={"team": "ota"})
    assert made["packageArn"].endswith(":package/robot")
    version = iot.create_package_version(
        packageName="robot", versionName="1.0.0", description="first", attributes={"channel": "beta"},
        artifact={"s3Location": {"bucket": "fw", "key": "robot.bin"}},
    )  # fmt: skip
    assert version["status"] == "DRAFT"
    assert iot.update_package_version(packageName="robot", versionName="1.0.0", action="PUBLISH")
    read = iot.get_package_version(packageName="robot", versionName="1.0.0")
    assert (read["status"], read["attributes"]["channel"]) == ("PUBLISHED", "beta")
    assert read["packageVersionArn"] == VERSION
    iot.update_package(packageName="robot", defaultVersionName="1.0.0")
    assert iot.get_package(packageName="robot")["defaultVersionName"] == "1.0.0"
    assert "robot" in [row["packageName"] for row in iot.list_packages()["packageSummaries"]]
    rows = iot.list_package_versions(packageName="robot", status="PUBLISHED")["packageVersionSummaries"]
    assert [row["versionName"] for row in rows] == ["1.0.0"]
    iot.update_package(packageName="robot", unsetDefaultVersion=True)
    iot.delete_package_version(packageName="robot", versionName="1.0.0")
    iot.delete_package(packageName="robot")


def job_life(iot: Any) -> None:
    made = iot.create_job(
        jobId="arms-1", targets=[THING + "dev-000000", THING + "dev:000002"], document='{"operation":"install"}',
        description="Arms 1", timeoutConfig={"inProgressTimeoutInMinutes": 60}, tags=[{"Key": "team", "Value": "ota"}],
    )  # fmt: skip
    assert made["jobId"] == "arms-1"
    assert iot.get_job_document(jobId="arms-1")["document"] == '{"operation":"install"}'
    iot.update_job(jobId="arms-1", description="Arms 1 hotfix", jobExecutionsRolloutConfig={"maximumPerMinute": 100})
    job = iot.describe_job(jobId="arms-1")["job"]
    assert (job["status"], job["description"]) == ("IN_PROGRESS", "Arms 1 hotfix")
    assert job["jobProcessDetails"]["numberOfQueuedThings"] == 2
    assert iot.list_jobs(status="IN_PROGRESS", maxResults=250)["jobs"]
    things = [row["thingArn"] for row in iot.list_job_executions_for_job(jobId="arms-1")["executionSummaries"]]
    assert things == [THING + "dev-000000", THING + "dev:000002"]
    iot.cancel_job(jobId="arms-1", force=True, reasonCode="BAD_BUILD", comment="rolled back")
    assert iot.describe_job(jobId="arms-1")["job"]["reasonCode"] == "BAD_BUILD"
    iot.delete_job(jobId="arms-1")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        iot.describe_job(jobId="arms-1")


def execution_life(iot: Any) -> None:
    iot.create_job(jobId="arms-2", targets=[THING + "dev:000002", THING + "dev-000003"], document="{}")
    rows = iot.list_job_executions_for_thing(thingName="dev:000002", jobId="arms-2")["executionSummaries"]
    assert [row["jobExecutionSummary"]["status"] for row in rows] == ["QUEUED"]
    iot.cancel_job_execution(jobId="arms-2", thingName="dev:000002", statusDetails={"reason": "operator"})
    execution = iot.describe_job_execution(jobId="arms-2", thingName="dev:000002")["execution"]
    assert execution["status"] == "CANCELED"
    assert execution["statusDetails"]["detailsMap"]["reason"] == "operator"
    number = execution["executionNumber"]
    iot.delete_job_execution(jobId="arms-2", thingName="dev:000002", executionNumber=number)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        iot.describe_job_execution(jobId="arms-2", thingName="dev:000002", executionNumber=number)
