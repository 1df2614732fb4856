"""What travels to AWS IoT: the worked examples' requests, byte for byte, signed by the specification."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.errors import NotFound
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from gateway.domain.statuses import ExecutionStatus
from tests.support.aws_backends import REQUEST_ID, expected_authorization
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]
EXAMPLES = {
    example["name"]: example
    for example in json.loads(
        (Path(__file__).parents[2] / "vendorkit" / "aws" / "vectors" / "aws_iot.json").read_text()
    )
}
THINGS = ("arn:aws:iot:us-east-1:123456789012:thing/dev-01", "arn:aws:iot:us-east-1:123456789012:thing/dev:02")
JOB = ObjectId(Kind.TASK, "fleet", ("fw-2-1-0",))
PACKAGE = ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "2.1.0"))


@pytest.fixture
async def task(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> Any:
    """A job, read; the script is empty again."""
    vendor.answer(200, answer_of("describe_job_in_progress"))
    found = await adapter.get_task(JOB)
    vendor.requests.clear()
    return found


@pytest.fixture
async def execution(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> Any:
    """An execution, read; the script is empty again."""
    vendor.answer(200, answer_of("describe_execution_in_progress"))
    found = (await adapter.get_executions([ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "fw-2-1-0", "1"))]))[0]
    vendor.requests.clear()
    return found


async def travels_as(vendor: ScriptedVendor, example: str, call: Callable[[], Awaitable[Any]]) -> Any:
    """Make the call with the example's answer, and compare the request."""
    told = EXAMPLES[example]
    answer = told["answer"]
    headers = {name: value for name, value in answer["headers"].items() if name != "Content-Length"}
    vendor.answer(answer["status"], answer["body"], headers=headers)
    result = await call()
    sent = vendor.requests[-1]
    assert sent.line == f"{told['method']} {told['target']}"
    assert sent.body.decode() == (told["body"] or "")
    assert sent.headers.get("content-type") == told["headers"].get("Content-Type")
    assert sent.headers["authorization"] == expected_authorization(sent, region="us-east-1", service="iot")
    assert "transfer-encoding" not in sent.headers
    return result


async def test_reads_travel_as_documented(vendor: ScriptedVendor, adapter: Any) -> None:
    assert (await travels_as(vendor, "DescribeJob", lambda: adapter.get_task(JOB))).native_id == "fw-2-1-0"
    await travels_as(vendor, "ListJobExecutionsForJob", lambda: adapter.list_executions(JOB, None, PageRequest(1000)))
    reference = ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "fw-2-1-0", "1"))
    await travels_as(
        vendor,
        "DescribeJobExecution (thing name with a colon)",
        lambda: adapter.get_executions([reference]),
    )


async def test_a_page_token_is_escaped(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"jobs": []})

    await adapter.list_tasks(PageRequest(2, "AAF+x/9k3Q=="))

    assert vendor.lines == ["GET /jobs?maxResults=2&nextToken=AAF%2Bx%2F9k3Q%3D%3D"]


@pytest.mark.parametrize(
    ("statuses", "query"),
    [
        ({ExecutionStatus.FAILED}, "status=FAILED&maxResults=10"),
        ({ExecutionStatus.FAILED, ExecutionStatus.QUEUED}, "maxResults=10"),
        ({ExecutionStatus.NOTIFIED}, "maxResults=10"),
        (None, "maxResults=10"),
    ],
)
async def test_one_status_is_narrowed_at_the_vendor(
    vendor: ScriptedVendor, adapter: Any, statuses: set[ExecutionStatus] | None, query: str
) -> None:
    vendor.answer(200, {})

    await adapter.list_executions(JOB, None if statuses is None else frozenset(statuses), PageRequest(10))

    assert vendor.lines == [f"GET /jobs/fw-2-1-0/things?{query}"]


async def test_creating_travels_as_documented(vendor: ScriptedVendor, adapter: Any) -> None:
    draft = TaskDraft(
        name="fw-2-1-0",
        targets=THINGS,
        document='{"operation":"install","version":"2.1.0"}',
        description="Firmware 2.1.0",
        vendor_options={
            "targetSelection": "SNAPSHOT",
            "timeoutConfig": {"inProgressTimeoutInMinutes": 60},
            "tags": [{"Key": "team", "Value": "ota"}],
        },
    )

    made = await travels_as(vendor, "CreateJob", lambda: adapter.create_task(draft))

    assert (made.native_id, made.request_ids) == ("fw-2-1-0", (REQUEST_ID,))


async def test_a_package_is_named_by_the_arn_that_its_vendor_gives(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("package_version_published"))
    vendor.answer(200, {"jobId": "fw"})
    start = datetime(2030, 1, 1, 8, 30, tzinfo=UTC)

    await adapter.create_task(
        TaskDraft(
            name="fw",
            targets=THINGS[:1],
            package=PACKAGE,
            scheduled_at=start,
            vendor_options={"schedulingConfig": {"endTime": "2030-02-01T00:00"}},
        )
    )

    assert vendor.lines == ["GET /packages/fw-main/versions/2.1.0", "PUT /jobs/fw"]
    body = vendor.requests[1].json()
    assert body["destinationPackageVersions"] == ["arn:aws:iot:us-east-1:123456789012:package/fw-main/version/2.1.0"]
    assert body["schedulingConfig"] == {"endTime": "2030-02-01T00:00", "startTime": "2030-01-01T08:30"}
    assert "document" not in body


async def test_a_package_that_is_gone_creates_nothing(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(404, {"message": "no"}, headers={"x-amzn-ErrorType": "ResourceNotFoundException"})

    with pytest.raises(NotFound):
        await adapter.create_task(TaskDraft(name="fw", targets=THINGS[:1], package=PACKAGE))

    assert len(vendor.requests) == 1


async def test_updating_sends_the_description_alone(vendor: ScriptedVendor, adapter: Any, task: Any) -> None:
    vendor.answer(200, b"", headers={"x-amzn-RequestId": REQUEST_ID})

    receipt = await adapter.update_task(task, TaskChange(description="Firmware 2.1.0 hotfix"))

    assert vendor.lines == ["PATCH /jobs/fw-2-1-0"]
    assert vendor.requests[0].body == b'{"description": "Firmware 2.1.0 hotfix"}'
    assert receipt.request_ids == (REQUEST_ID,)


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        (None, {}),
        ("rolled back", {"comment": "rolled back"}),
        ("BAD_BUILD", {"reasonCode": "BAD_BUILD", "comment": "BAD_BUILD"}),
        ("line\nbreak\x00", {"comment": "line break"}),
        ("\x07", {}),
        ("x" * 3000, {"comment": "x" * 2028}),
    ],
)
async def test_a_reason_becomes_the_comment_of_a_cancel(
    vendor: ScriptedVendor, adapter: Any, task: Any, reason: str | None, body: dict[str, str]
) -> None:
    vendor.answer(200, {})

    await adapter.cancel_task(task, force=True, reason=reason)

    assert vendor.lines == ["PUT /jobs/fw-2-1-0/cancel?force=true"]
    assert vendor.requests[0].json() == body


async def test_force_is_never_added(vendor: ScriptedVendor, adapter: Any, task: Any, execution: Any) -> None:
    for _ in range(4):
        vendor.answer(200)

    await adapter.cancel_task(task, force=False, reason=None)
    await adapter.delete_task(task, force=False)
    await adapter.cancel_executions([execution], force=False)
    await adapter.delete_execution(execution, force=False)

    assert vendor.lines == [
        "PUT /jobs/fw-2-1-0/cancel",
        "DELETE /jobs/fw-2-1-0",
        "PUT /things/dev%3A02/jobs/fw-2-1-0/cancel",
        "DELETE /things/dev%3A02/jobs/fw-2-1-0/executionNumber/1",
    ]


async def test_deletes_with_force_travel_as_documented(
    vendor: ScriptedVendor, adapter: Any, task: Any, execution: Any
) -> None:
    await travels_as(vendor, "DeleteJob with force", lambda: adapter.delete_task(task, force=True))
    await travels_as(vendor, "DeleteJobExecution with force", lambda: adapter.delete_execution(execution, force=True))


async def test_a_cancel_is_tied_to_the_version_that_was_seen(
    vendor: ScriptedVendor, adapter: Any, execution: Any
) -> None:
    vendor.answer(200)
    vendor.answer(200)

    await adapter.cancel_executions([execution], force=True)
    await adapter.cancel_executions([replace(execution, version=None)], force=True)

    assert [request.body for request in vendor.requests] == [b'{"expectedVersion": 3}', b"{}"]


async def test_deleting_a_package_names_its_version_and_a_token(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("package_version_published"), when="GET /packages/fw-main/versions/2.1.0")
    vendor.answer(200, {"packageName": "fw-main"}, when="GET /packages/fw-main")
    package = await adapter.get_package(PACKAGE)
    vendor.answer(200)

    await adapter.delete_package(package)

    where, _, token = vendor.lines[-1].partition("?clientToken=")
    assert where == "DELETE /packages/fw-main/versions/2.1.0"
    assert UUID(token).version == 4


async def test_several_executions_are_described_and_the_missing_left_empty(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(200, answer_of("describe_execution_in_progress"), when="GET /things/dev%3A02/")
    vendor.answer(
        404, {"message": "no"}, headers={"x-amzn-ErrorType": "ResourceNotFoundException"}, when="GET /things/gone/"
    )

    found = await adapter.find_executions(JOB, ["gone", "dev:02", "gone"])

    assert [execution and execution.device.name for execution in found] == [None, "dev:02", None]
    assert "GET /things/dev%3A02/jobs/fw-2-1-0" in vendor.lines


async def test_the_probe_reads_one_row(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {})

    await adapter.probe()

    assert vendor.lines == ["GET /jobs?maxResults=1"]
