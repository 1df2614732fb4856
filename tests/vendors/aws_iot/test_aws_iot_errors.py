"""What is made of AWS IoT's refusals: by code, never by text."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.loaders import Loader

from gateway.domain.errors import (
    BackendUnavailable,
    Conflict,
    GatewayError,
    InvalidState,
    NotFound,
    OutcomeUnknown,
    Throttled,
    VendorRejected,
)
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.page import PageRequest
from tests.support.aws_backends import REQUEST_ID
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]
JOB = ObjectId(Kind.TASK, "fleet", ("fw-2-1-0",))
USED = [
    "ListJobs",
    "DescribeJob",
    "GetJobDocument",
    "CreateJob",
    "UpdateJob",
    "CancelJob",
    "DeleteJob",
    "ListJobExecutionsForJob",
    "ListJobExecutionsForThing",
    "DescribeJobExecution",
    "CancelJobExecution",
    "DeleteJobExecution",
    "ListPackages",
    "ListPackageVersions",
    "GetPackage",
    "GetPackageVersion",
    "DeletePackageVersion",
]
MODEL = Loader().load_service_model("iot", "service-2")
MODELLED = sorted({error["shape"] for name in USED for error in MODEL["operations"][name]["errors"]})
# How a write reads each modelled error.
MEANING: dict[str, type[GatewayError]] = {
    "InternalServerException": OutcomeUnknown,
    "InvalidRequestException": VendorRejected,
    "InvalidStateTransitionException": InvalidState,
    "LimitExceededException": VendorRejected,
    "ResourceAlreadyExistsException": VendorRejected,
    "ResourceNotFoundException": NotFound,
    "ServiceUnavailableException": OutcomeUnknown,
    "ThrottlingException": Throttled,
    "ValidationException": VendorRejected,
    "VersionConflictException": Conflict,
}


@pytest.fixture
async def task(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> Any:
    """A job, read; the script is empty again."""
    vendor.answer(200, answer_of("describe_job_in_progress"))
    found = await adapter.get_task(JOB)
    vendor.requests.clear()
    return found


def test_every_modelled_error_has_a_meaning() -> None:
    assert sorted(MEANING) == MODELLED


@pytest.mark.parametrize("code", MODELLED)
async def test_a_modelled_error_of_a_write_is_told_by_its_code(
    vendor: ScriptedVendor, adapter: Any, task: Any, code: str
) -> None:
    status = MODEL["shapes"][code]["error"]["httpStatusCode"]
    headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": REQUEST_ID}
    vendor.answer(status, {"message": "some words"}, headers=headers)

    with pytest.raises(GatewayError) as raised:
        await adapter.delete_task(task, force=False)

    assert type(raised.value) is MEANING[code]
    assert raised.value.backend == "fleet"
    assert "some words" not in raised.value.message
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amzn-ErrorType": "ThrottlingException:"}, {"message": "Rate exceeded"}),
        ({"x-amzn-ErrorType": "ThrottlingException:http://internal.amazon.com/coral/"}, {}),
        ({}, {"__type": "com.amazonaws.iot#ThrottlingException"}),
        ({}, {"code": "ThrottlingException"}),
    ],
)
@pytest.mark.parametrize("status", [400, 429])
async def test_throttling_is_known_by_its_code_in_every_form(
    vendor: ScriptedVendor, adapter: Any, headers: dict[str, str], body: dict[str, str], status: int
) -> None:
    vendor.answer(status, body, headers={**headers, "x-amz-retry-after": "1500"})

    with pytest.raises(Throttled) as raised:
        await adapter.list_tasks(PageRequest(10))

    assert raised.value.retry_after_seconds == 1.5


async def test_a_refusal_carries_the_vendors_own_words(vendor: ScriptedVendor, adapter: Any, task: Any) -> None:
    vendor.answer(
        410,
        {"message": "ten jobs are being deleted"},
        headers={"x-amzn-ErrorType": "LimitExceededException", "x-amzn-RequestId": REQUEST_ID},
    )

    with pytest.raises(VendorRejected) as raised:
        await adapter.delete_task(task, force=False)

    error = raised.value
    assert (error.http_status, error.vendor_code, error.request_id) == (410, "LimitExceededException", REQUEST_ID)
    assert error.vendor_message == "ten jobs are being deleted"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"])
async def test_refused_credentials_say_to_check_them(vendor: ScriptedVendor, adapter: Any, code: str) -> None:
    vendor.answer(403, {"message": "no"}, headers={"x-amzn-ErrorType": code})

    with pytest.raises(VendorRejected, match="credentials"):
        await adapter.list_tasks(PageRequest(10))


async def test_the_text_of_a_wrong_signature_is_not_passed_on(vendor: ScriptedVendor, adapter: Any) -> None:
    text = "The Canonical String should have been 'GET x-amz-security-token:VERYSECRET'"
    vendor.answer(403, {"message": text}, headers={"x-amzn-ErrorType": "InvalidSignatureException"})

    with pytest.raises(VendorRejected) as raised:
        await adapter.list_tasks(PageRequest(10))

    assert raised.value.vendor_message is None
    assert "VERYSECRET" not in str(vars(raised.value))


async def test_a_404_that_does_not_name_the_object_is_no_absence(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(404, b"<html>no such route</html>")

    with pytest.raises(VendorRejected):
        await adapter.get_task(JOB)


async def test_what_does_not_exist_reads_as_none(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    headers = {"x-amzn-ErrorType": "ResourceNotFoundException"}
    vendor.answer(404, answer_of("job_not_found"), headers=headers, when="GET /")

    assert await adapter.get_task(JOB) is None
    assert await adapter.get_package(ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "1"))) is None
    assert await adapter.get_executions([ObjectId(Kind.EXECUTION, "fleet", ("t", "j", "1"))]) == [None]


async def test_a_breakdown_in_html_is_unavailable_for_a_read_and_unknown_for_a_write(
    vendor: ScriptedVendor, adapter: Any, task: Any
) -> None:
    vendor.answer(500, b"<html>Internal Server Error</html>", headers={"Content-Type": "text/html"})
    vendor.answer(500, b"<html>Internal Server Error</html>", headers={"Content-Type": "text/html"})

    with pytest.raises(BackendUnavailable):
        await adapter.list_tasks(PageRequest(10))
    with pytest.raises(OutcomeUnknown):
        await adapter.delete_task(task, force=False)

    assert len(vendor.requests) == 2


async def test_a_lost_answer_is_unknown_and_the_write_is_not_repeated(
    vendor: ScriptedVendor, adapter: Any, task: Any
) -> None:
    vendor.hang_up()

    with pytest.raises(OutcomeUnknown):
        await adapter.delete_task(task, force=True)

    assert vendor.lines == ["DELETE /jobs/fw-2-1-0?force=true"]


@pytest.mark.parametrize(("force", "helps"), [(False, True), (True, False)])
async def test_a_refused_state_says_whether_force_would_help(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, force: bool, helps: bool
) -> None:
    vendor.answer(200, answer_of("describe_execution_in_progress"))
    (execution,) = await adapter.get_executions([ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "fw-2-1-0", "1"))])
    vendor.answer(409, {"message": "no"}, headers={"x-amzn-ErrorType": "InvalidStateTransitionException"})

    receipts = await adapter.cancel_executions([execution], force=force)

    refused = receipts.refused["dev:02"]
    assert isinstance(refused, InvalidState)
    assert refused.needs_force is helps


async def test_a_list_that_does_not_advance_is_not_read_for_ever(vendor: ScriptedVendor, adapter: Any) -> None:
    vendor.answer(200, {"jobs": [], "nextToken": "same"})

    with pytest.raises(VendorRejected, match="does not advance"):
        await adapter.list_tasks(PageRequest(10, "same"))
