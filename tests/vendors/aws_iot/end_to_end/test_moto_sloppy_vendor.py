"""A vendor that pages for ever, answers HTML, and numbers every execution 123: all of it ends in typed answers."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.aws_fleet import Fleet, fleet_of
from tests.support.gateway_server import RunningGateway

RESULT = "backends { name status error { __typename code message retryable ... on OtaVendorRejected { httpStatus } } }"


@pytest.fixture(scope="module")
def account(moto: str) -> Iterator[Fleet]:
    """boto3 at moto, past the gateway."""
    with fleet_of(moto) as one:
        yield one


@pytest.fixture(scope="module")
def five_jobs(account: Fleet) -> list[str]:
    """Their ids, oldest first, each on a thing of its own."""
    return [account.job(account.thing()[1], description=f"number {place}") for place in range(5)]


def list_tasks(
    gateway: RunningGateway, *, first: int, field: str, direction: str = "DESC", after: str | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = gateway.ask(
        "query ($first: Int!, $after: String, $field: OtaTaskOrderField!, $direction: OtaDirection!) { "
        "tasks(first: $first, after: $after, orderBy: {field: $field, direction: $direction}) { "
        f"nodes {{ id name status vendorStatus }} pageInfo {{ hasNextPage endCursor }} {RESULT} }} }}",
        first=first,
        field=field,
        direction=direction,
        after=after,
    )["tasks"]
    return found


def test_tasks_and_executions_are_read(moto_gateway: RunningGateway, account: Fleet, five_jobs: list[str]) -> None:
    listed = list_tasks(moto_gateway, first=50, field="CREATED_AT")
    assert set(five_jobs) <= {row["name"] for row in listed["nodes"]}
    assert listed["backends"] == [{"name": "sloppy", "status": "OK", "error": None}]
    # Not in AWS's enum: shown as it came, and not taken for anything.
    assert {(row["vendorStatus"], row["status"]) for row in listed["nodes"]} == {("QUEUED", "UNKNOWN")}

    chosen = next(row for row in listed["nodes"] if row["name"] == five_jobs[0])
    task = moto_gateway.ask(
        "query ($id: ID!) { task(id: $id) { name description executions { nodes { id attempt status device { name } } "
        "} vendorDetails { ... on AwsIotJobDetails { targets document } } } }",
        id=chosen["id"],
    )["task"]
    assert (task["name"], task["description"]) == (five_jobs[0], "number 0")
    assert task["vendorDetails"]["document"] == "{}"
    (execution,) = task["executions"]["nodes"]
    assert (execution["attempt"], execution["status"]) == (123, "QUEUED")
    assert task["vendorDetails"]["targets"][0].endswith(f"thing/{execution['device']['name']}")
    alone = moto_gateway.ask("query ($id: ID!) { execution(id: $id) { id status } }", id=execution["id"])["execution"]
    assert alone == {"id": execution["id"], "status": "QUEUED"}


def test_endless_pages_end_in_an_error_of_the_backend(moto_gateway: RunningGateway, five_jobs: list[str]) -> None:
    page = list_tasks(moto_gateway, first=2, field="BACKEND")
    assert len(page["nodes"]) == 2
    assert page["pageInfo"]["hasNextPage"] is True

    following = list_tasks(moto_gateway, first=2, field="BACKEND", after=page["pageInfo"]["endCursor"])

    assert (following["nodes"], following["pageInfo"]["hasNextPage"]) == ([], False)
    (result,) = following["backends"]
    assert (result["status"], result["error"]["__typename"]) == ("FAILED", "OtaVendorRejected")
    assert "does not advance" in result["error"]["message"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["CREATED_AT", "NAME", "UPDATED_AT"])
def test_sorted_lists_page_to_their_end(
    moto_gateway: RunningGateway, five_jobs: list[str], field: str, direction: str
) -> None:
    names: list[str] = []
    after = None
    for _ in range(20):
        page = list_tasks(moto_gateway, first=2, field=field, direction=direction, after=after)
        names.extend(row["name"] for row in page["nodes"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(names) == len(set(names))
    assert set(five_jobs) <= set(names)
    if field == "NAME":
        assert names == sorted(names, reverse=direction == "DESC")


def test_packages_answered_by_html_are_an_error_of_the_backend(moto_gateway: RunningGateway) -> None:
    for _ in range(4):
        packages = moto_gateway.ask(f"{{ packages {{ nodes {{ id }} {RESULT} }} }}")["packages"]
        (result,) = packages["backends"]
        assert (packages["nodes"], result["status"]) == ([], "FAILED")
        assert (result["error"]["__typename"], result["error"]["retryable"]) == ("OtaBackendUnavailable", True)
        assert "<" not in result["error"]["message"]
    assert list_tasks(moto_gateway, first=50, field="CREATED_AT")["backends"][0]["status"] == "OK"


def test_a_document_answered_by_html_is_an_error_of_that_field_alone(
    moto_gateway: RunningGateway, account: Fleet
) -> None:
    job = account.job(account.thing()[1])
    task = next(row for row in list_tasks(moto_gateway, first=50, field="NAME")["nodes"] if row["name"] == job)["id"]
    query = "query ($id: ID!) { task(id: $id) { name vendorDetails { ... on AwsIotJobDetails { %s } } } }"
    moto_gateway.ask(query % "jobArn", id=task, cached=True)
    account.iot.delete_job(jobId=job, force=True)

    # The task is still in the gateway's cache, so only its document is asked for; moto knows no such job any more.
    answer = moto_gateway.answer(query % "jobArn document", id=task, cached=True)

    assert answer["data"]["task"]["name"] == job
    assert answer["data"]["task"]["vendorDetails"]["document"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["task", "vendorDetails", "document"]
    assert error["extensions"]["code"] == "BACKEND_UNAVAILABLE"


def test_unknown_objects_are_null(moto_gateway: RunningGateway, account: Fleet) -> None:
    thing, arn = account.thing()
    job = account.job(arn)
    row = next(row for row in list_tasks(moto_gateway, first=50, field="NAME")["nodes"] if row["name"] == job)
    query = "query ($id: ID!) { task(id: $id) { id executions { nodes { id } } } }"
    execution = moto_gateway.ask(query, id=row["id"])["task"]["executions"]["nodes"][0]["id"]
    account.iot.delete_job_execution(jobId=job, thingName=thing, executionNumber=123)
    account.iot.delete_job(jobId=job, force=True)

    gone = moto_gateway.ask(
        "query ($task: ID!, $execution: ID!) { task(id: $task) { id } execution(id: $execution) { id } }",
        task=row["id"],
        execution=execution,
    )

    assert gone == {"task": None, "execution": None}


def test_a_change_answered_by_html_is_unknown_and_says_to_look_again(
    moto_gateway: RunningGateway, account: Fleet
) -> None:
    job = account.job(account.thing()[1])
    task = next(row for row in list_tasks(moto_gateway, first=50, field="NAME")["nodes"] if row["name"] == job)["id"]

    changed = moto_gateway.change(
        "updateOtaTask",
        "outcome errors { __typename message ... on OtaOutcomeUnknown { checkAfterSeconds } }",
        id=task,
        description="other",
    )

    assert changed["outcome"] == "UNKNOWN"
    assert [error["__typename"] for error in changed["errors"]] == ["OtaOutcomeUnknown"]
    assert "<" not in changed["errors"][0]["message"]


def test_a_recreated_execution_of_the_same_number_is_another_one(moto_gateway: RunningGateway, account: Fleet) -> None:
    thing, arn = account.thing()
    job = account.job(arn, jobId=f"again-{uuid4().hex[:8]}")
    query = 'query ($name: String!) { device(backend: "sloppy", name: $name) { executions { nodes { id attempt } } } }'
    (before,) = moto_gateway.ask(query, name=thing)["device"]["executions"]["nodes"]
    account.iot.delete_job_execution(jobId=job, thingName=thing, executionNumber=123)
    account.iot.delete_job(jobId=job, force=True)
    account.job(arn, jobId=job)

    stale = moto_gateway.change(
        "deleteJobExecution",
        "outcome errors { code ... on OtaGenerationChanged { found } }",
        id=before["id"],
        force=True,
    )

    (now,) = moto_gateway.ask(query, name=thing)["device"]["executions"]["nodes"]
    assert (before["attempt"], now["attempt"]) == (123, 123)
    assert (stale["outcome"], stale["errors"]) == ("REFUSED", [{"code": "GENERATION_CHANGED", "found": now["id"]}])
