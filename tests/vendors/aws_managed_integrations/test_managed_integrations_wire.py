"""What travels to managed integrations, what it refuses, and what may be asked of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.loaders import Loader

from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.errors import (
    GatewayError,
    InvalidInput,
    InvalidState,
    NotFound,
    OutcomeUnknown,
    Throttled,
    UnsupportedByVendor,
    VendorRejected,
)
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.domain.page import PageRequest
from gateway.vendors.aws_managed_integrations import MANIFEST
from tests.support.aws_backends import REQUEST_ID, expected_authorization
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]
TASK_ID = "3f9c1d7a5b2e4860"
TASK = ObjectId(Kind.TASK, "fleet", (TASK_ID,))
THING = "arn:aws:iotmanagedintegrations:eu-west-1:123456789012:managed-thing/thing01"
FILE = "s3://ota-docs/main-2.1.0.json"
MODEL = Loader().load_service_model("iot-managed-integrations", "service-2")
USED = ["CreateOtaTask", "GetOtaTask", "ListOtaTasks", "UpdateOtaTask", "DeleteOtaTask", "ListOtaTaskExecutions"]
MODELLED = sorted({error["shape"] for name in USED for error in MODEL["operations"][name]["errors"]})
# How a write reads each modelled error.
MEANING: dict[str, type[GatewayError]] = {
    "AccessDeniedException": VendorRejected,
    "ConflictException": VendorRejected,
    "InternalServerException": OutcomeUnknown,
    "LimitExceededException": VendorRejected,
    "ResourceNotFoundException": NotFound,
    "ThrottlingException": Throttled,
    "UnauthorizedException": VendorRejected,
    "ValidationException": VendorRejected,
}


@pytest.fixture
async def task(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> Any:
    """A task, read; the script is empty again."""
    vendor.answer(200, answer_of("task_in_progress"))
    found = await adapter.get_task(TASK)
    vendor.requests.clear()
    return found


async def test_requests_are_signed_for_the_services_own_scope(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"Tasks": []})

    await adapter.list_tasks(PageRequest(2, "AQIC+/8x9Q=="))

    (sent,) = vendor.requests
    assert sent.line == "GET /ota-tasks?MaxResults=2&NextToken=AQIC%2B%2F8x9Q%3D%3D"
    assert sent.headers["authorization"] == expected_authorization(
        sent, region="eu-west-1", service="iotmanagedintegrations"
    )


async def test_creating_sends_pascal_case_with_a_token(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    vendor.answer(201, answer_of("task_created"), headers={"x-amzn-RequestId": REQUEST_ID})

    made = await adapter.create_task(
        TaskDraft(
            targets=(THING,),
            description="Main firmware 2-1-0",
            s3_url=FILE,
            task_configuration_id="cfg7b1d4c6f",
            scheduled_at=datetime(2030, 1, 1, 8, 30, tzinfo=UTC),
            vendor_options={"Tags": {"team": "ota"}, "Protocol": "HTTP", "OtaMechanism": "PUSH"},
        )
    )

    (sent,) = vendor.requests
    body = sent.json()
    token = body.pop("ClientToken")
    assert sent.line == "POST /ota-tasks"
    assert 1 <= len(token) <= 64
    assert body == {
        "Description": "Main firmware 2-1-0",
        "S3Url": FILE,
        "Protocol": "HTTP",
        "Target": [THING],
        "TaskConfigurationId": "cfg7b1d4c6f",
        "OtaMechanism": "PUSH",
        "OtaType": "ONE_TIME",
        "OtaSchedulingConfig": {"StartTime": "2030-01-01T08:30:00Z"},
        "Tags": {"team": "ota"},
    }
    assert (made.native_id, made.request_ids) == (TASK_ID, (REQUEST_ID,))


async def test_a_created_task_whose_id_cannot_be_read_may_exist(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(201, {})

    with pytest.raises(OutcomeUnknown):
        await adapter.create_task(TaskDraft(targets=(THING,), s3_url=FILE))


@pytest.mark.parametrize(
    ("change", "body"),
    [
        (TaskChange(description="Slow"), {"Description": "Slow", "TaskConfigurationId": "cfg7b1d4c6f"}),
        (TaskChange(task_configuration_id="c2"), {"Description": "Main firmware 2-1-0", "TaskConfigurationId": "c2"}),
    ],
)
async def test_an_update_sends_both_members_lest_one_be_cleared(
    vendor: ScriptedVendor, adapter: Any, task: Any, change: TaskChange, body: dict[str, str]
) -> None:
    vendor.answer(204, headers={"x-amzn-RequestId": REQUEST_ID})

    receipt = await adapter.update_task(task, change)

    assert vendor.requests[0].line == f"PUT /ota-tasks/{TASK_ID}"
    assert vendor.requests[0].json() == body
    assert receipt.request_ids == (REQUEST_ID,)


async def test_a_delete_has_neither_body_nor_force(vendor: ScriptedVendor, adapter: Any, task: Any) -> None:
    vendor.answer(200)

    await adapter.delete_task(task, force=True)

    assert vendor.requests[0].line == f"DELETE /ota-tasks/{TASK_ID}"
    assert vendor.requests[0].body == b""


def test_every_modelled_error_has_a_meaning() -> None:
    assert sorted(MEANING) == MODELLED


@pytest.mark.parametrize("code", MODELLED)
async def test_a_modelled_error_of_a_write_is_told_by_its_code(
    vendor: ScriptedVendor, adapter: Any, task: Any, code: str
) -> None:
    status = MODEL["shapes"][code]["error"]["httpStatusCode"]
    vendor.answer(status, {"Message": "some words"}, headers={"x-amzn-ErrorType": code})

    with pytest.raises(GatewayError) as raised:
        await adapter.delete_task(task, force=False)

    assert type(raised.value) is MEANING[code]
    assert len(vendor.requests) == 1
    if isinstance(raised.value, VendorRejected):
        assert (raised.value.vendor_code, raised.value.vendor_message) == (code, "some words")


async def test_what_the_vendor_has_not_is_refused_with_what_it_has(
    vendor: ScriptedVendor, adapter: Any, task: Any
) -> None:
    with pytest.raises(UnsupportedByVendor) as cancel:
        await adapter.cancel_task(task, force=True, reason=None)
    with pytest.raises(UnsupportedByVendor):
        await adapter.list_packages(PageRequest(10))
    with pytest.raises(UnsupportedByVendor):
        await adapter.list_device_executions(ObjectId(Kind.DEVICE, "fleet", ("thing01",)), PageRequest(10))
    with pytest.raises(UnsupportedByVendor):
        adapter.execution_ref("thing01", TASK_ID, 1)

    assert cancel.value.alternatives == [Operation.DELETE_TASK]
    assert isinstance(adapter.refusal(Operation.DELETE_PACKAGE, task.package, force=True), UnsupportedByVendor)
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("status", "allowed"), [("IN_PROGRESS", True), ("COMPLETED", True), ("DELETION_IN_PROGRESS", False)]
)
@pytest.mark.parametrize("operation", [Operation.UPDATE_TASK, Operation.DELETE_TASK])
async def test_only_a_task_in_deletion_is_left_alone(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, operation: Operation, status: str, allowed: bool
) -> None:
    vendor.answer(200, {**answer_of("task_in_progress"), "Status": status})
    task = await adapter.get_task(TASK)

    refused = adapter.refusal(operation, task, force=False)

    assert (refused is None) == allowed
    assert refused is None or isinstance(refused, InvalidState)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"description": "Firmware 2.1.0"}, ["description"]),
        ({"description": ""}, ["description"]),
        ({"description": "x" * 257}, ["description"]),
        ({"task_configuration_id": "a-b"}, ["taskConfigurationId"]),
        ({"task_configuration_id": "a" * 65}, ["taskConfigurationId"]),
        ({"s3_url": None}, ["s3Url"]),
        ({"name": "n"}, ["name"]),
        ({"document": "{}"}, ["document"]),
        ({"targets": ()}, ["targets"]),
        ({"targets": (THING, "a thing")}, ["targets", "1"]),
        ({"vendor_options": {"otaType": "ONE_TIME"}}, ["vendorOptions", "otaType"]),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused_with_its_path(
    adapter: Any, change: dict[str, Any], path: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        adapter.check_draft(TaskDraft(**{"targets": (THING,), "s3_url": FILE, **change}))

    assert refused.value.path == path


def test_a_continuous_task_needs_no_targets(adapter: Any) -> None:
    options = {"OtaType": "CONTINUOUS", "OtaTargetQueryString": "attributes.site:north"}

    adapter.check_draft(TaskDraft(targets=(), s3_url=FILE, vendor_options=options))


@pytest.mark.parametrize("key", [("a-b",), ("a" * 201,), ("",), ("a", "b")])
def test_task_keys_outside_the_pattern_are_refused(adapter: Any, key: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        adapter.check_key(ObjectId(Kind.TASK, "fleet", key))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "https://api.iotmanagedintegrations.eu-west-1.api.aws"),
        ("cn-north-1", "https://api.iotmanagedintegrations.cn-north-1.api.amazonwebservices.com.cn"),
    ],
)
def test_the_endpoint_follows_the_region(region: str, host: str) -> None:
    settings = MANIFEST.settings().model_validate({"name": "a", "vendor": MANIFEST.slug, "region": region})

    assert MANIFEST.endpoint(settings) == host


async def test_the_probe_reads_one_row(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {})

    await adapter.probe()

    assert vendor.lines == ["GET /ota-tasks?MaxResults=1"]


async def test_a_list_that_goes_in_circles_is_left(vendor: ScriptedVendor, adapter: Any) -> None:
    for token in ("a", "b", "a", "b", "a"):
        vendor.answer(200, {"ExecutionSummaries": [], "NextToken": token})
    with pytest.raises(VendorRejected, match="circle"):
        await adapter.find_executions(TASK, ["thing01"])
    assert len(vendor.requests) == 3
