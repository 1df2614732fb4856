"""The package catalog as boto3 sees it, who is let in, how fast, and what is not there at all."""

import asyncio
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from gateway.vendorkit.simulation.faults import FaultKind, FaultPlan, FaultRule
from gateway.vendorkit.simulation.options import SimulatorOptions
from gateway.vendorkit.simulation.server import serving
from gateway.vendors.aws_iot.simulator import build

LOCK = "door-lock"


def refused(call: Any, **given: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_versions_come_in_pages_and_by_status(iot_world: Any) -> None:
    iot = iot_world().client
    paginator = iot.get_paginator("list_package_versions")
    found = list(paginator.paginate(packageName=LOCK, PaginationConfig={"PageSize": 2}))
    assert [len(page["packageVersionSummaries"]) for page in found] == [2, 2, 1]
    drafts = iot.list_package_versions(packageName=LOCK, status="DRAFT")["packageVersionSummaries"]
    assert [row["versionName"] for row in drafts] == ["2.0.0"]
    packages = [
        page["packageSummaries"]
        for page in iot.get_paginator("list_packages").paginate(PaginationConfig={"PageSize": 2})
    ]
    assert [len(page) for page in packages] == [2, 1]


def test_the_default_version_is_deleted_only_after_it_stopped_being_the_default(iot_world: Any) -> None:
    iot = iot_world().client
    key = {"packageName": LOCK, "versionName": "1.1.0"}
    assert refused(iot.delete_package_version, **key) == (400, "ValidationException")
    iot.update_package(packageName=LOCK, unsetDefaultVersion=True)
    assert "defaultVersionName" not in iot.get_package(packageName=LOCK)
    iot.delete_package_version(**key)
    assert refused(iot.get_package_version, **key) == (404, "ResourceNotFoundException")
    iot.delete_package_version(**key)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.2.0", "2.0.0"])
def test_a_version_that_is_not_the_default_is_deleted(iot_world: Any, version: str) -> None:
    iot = iot_world().client
    iot.delete_package_version(packageName=LOCK, versionName=version)
    rows = iot.list_package_versions(packageName=LOCK)["packageVersionSummaries"]
    assert version not in {row["versionName"] for row in rows}


def test_a_package_with_versions_stays(iot_world: Any) -> None:
    assert refused(iot_world().client.delete_package, packageName=LOCK) == (400, "ValidationException")


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ("get_package", {"packageName": "nope"}, (404, "ResourceNotFoundException")),
        ("update_package", {"packageName": "nope"}, (404, "ResourceNotFoundException")),
        ("create_package", {"packageName": LOCK}, (409, "ConflictException")),
        ("create_package", {"packageName": "a b"}, (400, "ValidationException")),
        ("create_package_version", {"packageName": LOCK, "versionName": "1.0.0"}, (409, "ConflictException")),
        ("create_package_version", {"packageName": "nope", "versionName": "1"}, (400, "ValidationException")),
        ("update_package", {"packageName": LOCK, "defaultVersionName": "2.0.0"}, (409, "ConflictException")),
        ("update_package", {"packageName": LOCK, "defaultVersionName": "9"}, (404, "ResourceNotFoundException")),
        ("update_package", {"packageName": LOCK, "defaultVersionName": "1.0.1", "unsetDefaultVersion": True},
         (400, "ValidationException")),
        ("update_package_version", {"packageName": LOCK, "versionName": "1.0.1", "attributes": {"a": "b"}},
         (409, "ConflictException")),
        ("update_package_version", {"packageName": LOCK, "versionName": "1.0.1", "action": "PUBLISH"},
         (409, "ConflictException")),
        ("list_packages", {"maxResults": 101}, (400, "ValidationException")),
        ("list_packages", {"nextToken": "AAAA"}, (400, "ValidationException")),
        ("list_package_versions", {"packageName": LOCK, "status": "LIVE"}, (400, "ValidationException")),
    ],
)  # fmt: skip
def test_what_the_catalog_cannot_do_is_refused_in_its_own_words(
    iot_world: Any, call: str, given: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refused(getattr(iot_world().client, call), **given) == expected


def test_a_draft_is_published_and_then_deprecated(iot_world: Any) -> None:
    iot = iot_world().client
    key = {"packageName": LOCK, "versionName": "2.0.0"}
    for action, status in (("PUBLISH", "PUBLISHED"), ("DEPRECATE", "DEPRECATED")):
        iot.update_package_version(**key, action=action)
        assert iot.get_package_version(**key)["status"] == status


@pytest.mark.parametrize(
    ("signs_with", "code"),
    [(("demo", "wrong"), "InvalidSignatureException"), (("somebody", "demo-secret"), "UnrecognizedClientException")],
)
def test_a_wrong_key_is_refused_and_nothing_is_done(iot_world: Any, signs_with: tuple[str, str], code: str) -> None:
    world = iot_world(signs_with=signs_with)
    before = len(world.simulator.packages)
    assert refused(world.client.create_package, packageName="new") == (403, code)
    assert len(world.simulator.packages) == before


def test_a_clock_that_is_twenty_minutes_off_is_refused(iot_world: Any) -> None:
    world = iot_world()
    world.clock.skip(1200)
    assert refused(world.client.list_jobs) == (400, "RequestExpired")


def test_the_eleventh_request_of_a_second_is_throttled_with_a_400(iot_world: Any) -> None:
    world = iot_world(quotas=True)
    world.clock.stop()
    for _ in range(10):
        world.client.list_jobs()
    assert refused(world.client.list_jobs) == (400, "ThrottlingException")
    assert world.client.list_packages()["packageSummaries"]


def test_an_operation_that_is_not_served_is_unknown(iot_world: Any) -> None:
    assert refused(iot_world().client.list_things) == (404, "UnknownOperationException")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (FaultRule(fault=FaultKind.THROTTLE), (400, "ThrottlingException")),
        (FaultRule(fault=FaultKind.ERROR, status=503), (503, "ServiceUnavailableException")),
        (FaultRule(fault=FaultKind.ERROR, status=500), (500, "InternalFailure")),
        (FaultRule(fault=FaultKind.HTML, status=502), (502, "502")),
    ],
)
def test_boto3_reads_the_faults_as_the_services_errors(
    iot_world: Any, rule: FaultRule, expected: tuple[int, str]
) -> None:
    assert refused(iot_world(faults=FaultPlan([rule])).client.list_jobs) == expected


def test_a_lost_answer_has_been_carried_out(iot_world: Any) -> None:
    world = iot_world(faults=FaultPlan([FaultRule(fault=FaultKind.ANSWER_LOST, operation="CreatePackage")]))
    with pytest.raises(ConnectionClosedError):
        world.client.create_package(packageName="new")
    assert world.client.get_package(packageName="new")["packageName"] == "new"


async def test_an_unsigned_request_is_refused_with_a_json_error() -> None:
    async with serving(build(SimulatorOptions())) as url, httpx.AsyncClient(trust_env=False) as client:
        answer, broken = await asyncio.gather(client.get(url + "/jobs"), client.get(url + "/nowhere"))
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert set(answer.json()) == {"message"}
    assert broken.status_code == 403
