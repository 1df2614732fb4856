"""What may be asked of AWS IoT, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.changes import TaskChange, TaskDraft
from gateway.domain.errors import InvalidInput, InvalidState, UnsupportedByVendor
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.vendors.aws_iot import MANIFEST
from tests.support.scripted_vendor import ScriptedVendor

AnswerOf = Callable[[str], Any]
JOB = ObjectId(Kind.TASK, "fleet", ("fw-2-1-0",))
EXECUTION = ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "fw-2-1-0", "1"))
THING = "arn:aws:iot:us-east-1:123456789012:thing/dev-01"
ENDED = ["SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"]


async def job_in(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, status: str) -> Any:
    answer = answer_of("describe_job_in_progress")
    answer["job"]["status"] = status
    vendor.answer(200, answer)
    return await adapter.get_task(JOB)


async def execution_in(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, status: str) -> Any:
    answer = answer_of("describe_execution_in_progress")
    answer["execution"]["status"] = status
    vendor.answer(200, answer)
    return (await adapter.get_executions([EXECUTION]))[0]


# "yes", "no", or "force": only with it.
@pytest.mark.parametrize(
    ("operation", "status", "verdict"),
    [
        *[(Operation.CANCEL_EXECUTION, status, "no") for status in ENDED],
        (Operation.CANCEL_EXECUTION, "QUEUED", "yes"),
        (Operation.CANCEL_EXECUTION, "IN_PROGRESS", "force"),
        (Operation.CANCEL_EXECUTION, "NEVER_SEEN", "yes"),
        *[(Operation.DELETE_EXECUTION, status, "yes") for status in ENDED],
        (Operation.DELETE_EXECUTION, "QUEUED", "force"),
        (Operation.DELETE_EXECUTION, "IN_PROGRESS", "force"),
        (Operation.DELETE_EXECUTION, "NEVER_SEEN", "force"),
        (Operation.DELETE_TASK, "COMPLETED", "yes"),
        (Operation.DELETE_TASK, "CANCELED", "yes"),
        (Operation.DELETE_TASK, "IN_PROGRESS", "force"),
        (Operation.DELETE_TASK, "SCHEDULED", "force"),
        (Operation.DELETE_TASK, "DELETION_IN_PROGRESS", "no"),
        (Operation.CANCEL_TASK, "IN_PROGRESS", "yes"),
        (Operation.CANCEL_TASK, "SCHEDULED", "yes"),
        (Operation.CANCEL_TASK, "COMPLETED", "no"),
        (Operation.CANCEL_TASK, "CANCELED", "no"),
        (Operation.CANCEL_TASK, "DELETION_IN_PROGRESS", "no"),
        (Operation.UPDATE_TASK, "IN_PROGRESS", "yes"),
        (Operation.UPDATE_TASK, "COMPLETED", "yes"),
        (Operation.UPDATE_TASK, "DELETION_IN_PROGRESS", "no"),
    ],
)
async def test_each_state_allows_what_it_allows(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, operation: Operation, status: str, verdict: str
) -> None:
    read = execution_in if operation.value.endswith("EXECUTION") else job_in
    subject = await read(vendor, adapter, answer_of, status)

    plain = adapter.refusal(operation, subject, force=False)
    forced = adapter.refusal(operation, subject, force=True)

    assert (plain is None) == (verdict == "yes")
    assert (forced is None) == (verdict != "no")
    if plain is not None:
        assert isinstance(plain, InvalidState)
        assert (plain.needs_force, plain.vendor_status, plain.target) == (verdict == "force", status, subject.id)


@pytest.mark.parametrize(("default", "allowed"), [("2.1.0", False), ("2.0.9", True), (None, True)])
@pytest.mark.parametrize("force", [False, True])
async def test_the_default_version_is_never_deleted(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf, default: str | None, allowed: bool, force: bool
) -> None:
    vendor.answer(200, answer_of("package_version_published"), when="GET /packages/fw-main/versions/2.1.0")
    vendor.answer(200, {"packageName": "fw-main", "defaultVersionName": default}, when="GET /packages/fw-main")
    package = await adapter.get_package(ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "2.1.0")))

    refused = adapter.refusal(Operation.DELETE_PACKAGE, package, force=force)

    assert (refused is None) == allowed
    if refused is not None:
        assert "default" in refused.message
        assert refused.needs_force is False


async def test_what_the_vendor_has_not_is_refused_before_any_call(
    vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf
) -> None:
    task = await job_in(vendor, adapter, answer_of, "IN_PROGRESS")

    with pytest.raises(UnsupportedByVendor):
        await adapter.confirm_executions(task, None)
    with pytest.raises(UnsupportedByVendor) as refused:
        await adapter.retry_executions(task, None)

    assert refused.value.alternatives == [Operation.CREATE_TASK]
    assert isinstance(adapter.refusal(Operation.CONFIRM_TASK, task, force=False), UnsupportedByVendor)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "ref",
    [
        ObjectId(Kind.TASK, "fleet", ("a" * 65,)),
        ObjectId(Kind.TASK, "fleet", ("a b",)),
        ObjectId(Kind.TASK, "fleet", ("a", "b")),
        ObjectId(Kind.EXECUTION, "fleet", ("thing/x", "job", "1")),
        ObjectId(Kind.EXECUTION, "fleet", ("thing", "job", "-1")),
        ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "..")),
        ObjectId(Kind.PACKAGE, "fleet", (".", "1")),
        ObjectId(Kind.PACKAGE, "fleet", ("fw-main", "")),
        ObjectId(Kind.DEVICE, "fleet", ("d" * 129,)),
    ],
)
def test_keys_outside_the_patterns_are_refused(adapter: Any, ref: ObjectId) -> None:
    with pytest.raises(InvalidInput):
        adapter.check_key(ref)


@pytest.mark.parametrize(
    "ref",
    [
        ObjectId(Kind.TASK, "fleet", ("a" * 64,)),
        ObjectId(Kind.EXECUTION, "fleet", ("dev:02", "job_1-x", "9223372036854775807")),
        ObjectId(Kind.PACKAGE, "fleet", ("fw.main", "2..1")),
        ObjectId(Kind.DEVICE, "fleet", ("d" * 128,)),
    ],
)
def test_keys_inside_the_patterns_are_taken(adapter: Any, ref: ObjectId) -> None:
    adapter.check_key(ref)


DRAFT = {"name": "fw-2-1-0", "targets": (THING,), "document": "{}"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": None}, ["name"]),
        ({"name": "a b"}, ["name"]),
        ({"targets": ()}, ["targets"]),
        ({"targets": (THING,) * 101}, ["targets"]),
        ({"targets": (THING, "dev-02")}, ["targets", "1"]),
        ({"description": "tab\there"}, ["description"]),
        ({"description": "x" * 2029}, ["description"]),
        ({"document": None}, ["document"]),
        ({"document": "x" * 32769}, ["document"]),
        ({"vendor_options": {"documentSource": "https://s3/x"}}, ["document"]),
        ({"vendor_options": {"surprise": 1}}, ["vendorOptions", "surprise"]),
        ({"s3_url": "s3://b/k"}, ["s3Url"]),
        ({"task_configuration_id": "cfg"}, ["taskConfigurationId"]),
        ({"product_key": "p"}, ["productKey"]),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused_with_its_path(
    adapter: Any, change: dict[str, Any], path: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        adapter.check_draft(TaskDraft(**{**DRAFT, **change}))

    assert refused.value.path == path


def test_a_draft_within_the_rules_is_taken(adapter: Any) -> None:
    adapter.check_draft(TaskDraft(**DRAFT))


def test_only_the_description_of_a_job_can_be_changed(adapter: Any) -> None:
    adapter.check_change(TaskChange(description="Größe 2.1.0 ✓"))
    with pytest.raises(InvalidInput) as refused:
        adapter.check_change(TaskChange(task_configuration_id="cfg"))

    assert refused.value.path == ["taskConfigurationId"]


async def test_a_cancel_tells_what_goes_on(vendor: ScriptedVendor, adapter: Any, answer_of: AnswerOf) -> None:
    task = await job_in(vendor, adapter, answer_of, "IN_PROGRESS")

    assert "IN_PROGRESS go on" in adapter.side_effects(Operation.CANCEL_TASK, task, force=False)[0]
    assert any("cannot report" in effect for effect in adapter.side_effects(Operation.DELETE_TASK, task, force=True))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "https://iot.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "https://iot.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://iot.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_endpoint_follows_the_region(region: str, host: str) -> None:
    settings = MANIFEST.settings().model_validate({"name": "a", "vendor": "aws-iot", "region": region})

    assert MANIFEST.endpoint(settings) == host
