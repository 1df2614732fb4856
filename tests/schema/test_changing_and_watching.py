"""Mutations: how inputs are handed on and answers shown. Subscriptions: events, failures, and their end."""

from typing import Any

import pytest

from gateway.domain import errors
from gateway.domain.errors import ErrorCode, InvalidInput
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview, TargetResult
from gateway.schema.context import RequestContext
from gateway.services.caller import Caller
from gateway.services.inputs import (
    CancelDevices,
    CreateTask,
    DeleteExecution,
    DestroyObject,
    DevicesRef,
    ErrorPolicy,
    ExecutionRef,
    ReleaseExecutions,
    UpdateTask,
)


@pytest.mark.parametrize(
    ("mutation", "asked"),
    [
        (
            'createOtaTask(input: {backend: "lab", targets: ["d"], s3Url: "s3://x", vendorOptions: {a: [1]}})',
            ("create_task", CreateTask(backend="lab", targets=["d"], s3_url="s3://x", vendor_options={"a": [1]})),
        ),
        (
            'updateOtaTask(input: {id: "t", description: "d", reason: "r", idempotencyKey: "k", dryRun: true})',
            ("update_task", UpdateTask(id="t", description="d", reason="r", idempotency_key="k", dry_run=True)),
        ),
        ('confirmOtaTask(input: {id: "t"})', ("confirm_task", ReleaseExecutions(id="t"))),
        (
            'retryOtaTask(input: {id: "t", executionIds: ["e"]})',
            ("retry_task", ReleaseExecutions(id="t", execution_ids=["e"])),
        ),
        ('cancelOtaTask(input: {id: "t", force: true})', ("cancel_task", DestroyObject(id="t", force=True))),
        (
            'deleteOtaTask(input: {id: "t", expectedFingerprint: "f"})',
            ("delete_task", DestroyObject(id="t", expected_fingerprint="f")),
        ),
        ('deleteOtaPackage(input: {id: "p"})', ("delete_package", DestroyObject(id="p"))),
        (
            'cancelDeviceUpgrade(input: {devices: {taskId: "t", deviceNames: ["d"]}, errorPolicy: STOP_ON_FIRST})',
            (
                "cancel_devices",
                CancelDevices(
                    devices=DevicesRef(task_id="t", device_names=["d"]), error_policy=ErrorPolicy.STOP_ON_FIRST
                ),
            ),
        ),
        (
            'deleteJobExecution(input: {execution: {backend: "lab", thingName: "d", jobId: "j", executionNumber: 2}})',
            (
                "delete_execution",
                DeleteExecution(execution=ExecutionRef(backend="lab", thing_name="d", job_id="j", execution_number=2)),
            ),
        ),
    ],
)
async def test_an_input_reaches_its_service_member_by_member(
    ask: Any, services: Any, mutation: str, asked: tuple[str, object]
) -> None:
    answer = await ask(f"mutation {{ {mutation} {{ errors {{ code }} auditEntryId }} }}")
    assert answer.errors == []
    assert services.asked == [asked]


async def test_a_replayed_answer_reads_its_objects_as_they_are_now(ask: Any, services: Any, make: Any) -> None:
    services.whole = {make.task().id: make.task(), make.execution().id: make.execution()}
    services.result = MutationResult(
        outcome=MutationOutcome.DONE,
        task_id=make.task().id,
        results=[TargetResult(target="e1", outcome=MutationOutcome.DONE, execution_id=make.execution().id)],
        audit_entry_id="a1",
    )
    answer = await ask(
        'mutation { confirmOtaTask(input: {id: "t"}) '
        "{ task { name } outcome results { target execution { vendorStatus } } auditEntryId } }"
    )
    assert answer.errors == []
    assert answer.data["confirmOtaTask"] == {
        "task": {"name": "t1"},
        "outcome": "DONE",
        "results": [{"target": "e1", "execution": {"vendorStatus": "QUEUED"}}],
        "auditEntryId": "a1",
    }


async def test_what_was_read_back_is_shown_without_another_read(ask: Any, services: Any, make: Any) -> None:
    services.result = MutationResult(
        outcome=MutationOutcome.DONE,
        task=make.task(),
        task_id=make.task().id,
        results=[
            TargetResult(
                target="e1",
                outcome=MutationOutcome.DONE,
                execution=make.execution(),
                execution_id=make.execution().id,
            )
        ],
    )
    answer = await ask(
        'mutation { retryOtaTask(input: {id: "t"}) { task { name } results { execution { vendorStatus } } } }'
    )
    assert answer.errors == []
    assert [call[0] for call in services.asked] == ["retry_task"]


async def test_a_summary_counts_what_is_not_yet_seen_as_unknown(ask: Any, services: Any) -> None:
    services.result = MutationResult(
        outcome=MutationOutcome.DONE,
        results=[TargetResult(target=outcome, outcome=outcome) for outcome in MutationOutcome],
    )
    answer = await ask(
        'mutation { cancelDeviceUpgrade(input: {executionIds: ["e"]}) '
        "{ summary { requested done refused failed unknown } } }"
    )
    assert answer.data["cancelDeviceUpgrade"]["summary"] == {
        "requested": len(MutationOutcome),
        "done": 3,
        "refused": 1,
        "failed": 1,
        "unknown": 2,
    }


ALL_ERRORS = [
    errors.InvalidInput("m", path=("targets", "3"), rule="r", target="x"),
    errors.NotFound("m"),
    errors.PermissionDenied("m"),
    errors.UnsupportedByVendor("m", operation=Operation.RETRY_TASK, alternatives=[Operation.CANCEL_TASK]),
    errors.InvalidState("m", vendor_status="RUNNING", needs_force=True),
    errors.InUse("m", used_by=["t"], complete=False),
    errors.GenerationChanged("m", expected="a", found="b"),
    errors.Conflict("m", code=ErrorCode.READ_ONLY),
    errors.Throttled("m", retry_after_seconds=1.5),
    errors.BackendUnavailable("m", code=ErrorCode.LEDGER_UNAVAILABLE),
    errors.VendorRejected("m", http_status=400, vendor_code="E", vendor_message="no", request_id="r"),
    errors.OutcomeUnknown("m", check_after_seconds=2.0),
]


async def test_every_error_is_shown_with_all_it_carries(ask: Any, services: Any) -> None:
    services.result = MutationResult(
        outcome=MutationOutcome.REFUSED, errors=ALL_ERRORS, preview=Preview(would_refuse=ALL_ERRORS)
    )
    answer = await ask("""mutation { deleteOtaTask(input: {id: "t"}) { preview { wouldRefuse { code } } errors {
      __typename code message retryable backend target
      ... on OtaInvalidInput { path rule }
      ... on OtaUnsupportedByVendor { operation alternatives }
      ... on OtaInvalidState { vendorStatus needsForce }
      ... on OtaInUse { usedBy complete }
      ... on OtaGenerationChanged { expected found }
      ... on OtaThrottled { retryAfterSeconds }
      ... on OtaVendorRejected { httpStatus vendorCode vendorMessage requestId }
      ... on OtaOutcomeUnknown { checkAfterSeconds } } } }""")
    assert answer.errors == []
    shown = answer.data["deleteOtaTask"]["errors"]
    assert len(answer.data["deleteOtaTask"]["preview"]["wouldRefuse"]) == len(ALL_ERRORS)
    assert [one["__typename"] for one in shown] == [f"Ota{type(error).__name__}" for error in ALL_ERRORS]
    assert shown[0] == {
        "__typename": "OtaInvalidInput",
        "code": "INVALID_INPUT",
        "message": "m",
        "retryable": False,
        "backend": None,
        "target": "x",
        "path": ["targets", "3"],
        "rule": "r",
    }
    assert shown[3]["alternatives"] == ["CANCEL_TASK"]
    assert shown[7]["code"] == "READ_ONLY"
    assert shown[9]["code"] == "LEDGER_UNAVAILABLE"
    assert shown[10]["httpStatus"] == 400


async def _events(schema: Any, services: Any, query: str, **variables: Any) -> Any:
    context = RequestContext(services=services, caller=Caller())
    stream = await schema.subscribe(query, variable_values=variables, context_value=context)
    return stream, context


async def test_each_event_of_a_subscription_shows_the_present(schema: Any, services: Any, make: Any) -> None:
    lacking = make.task(lacks=frozenset({"description"}))
    services.events = [lacking, lacking]
    stream, _ = await _events(
        schema, services, "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { name description } }", ids=[lacking.id]
    )
    seen = []
    for text in ("before", "after"):
        services.whole = {lacking.id: make.task(description=text)}
        result = await anext(stream)
        seen.append(result.data["taskUpdated"]["description"])
    assert seen == ["before", "after"]
    await stream.aclose()


async def test_a_failure_is_the_last_event_of_a_subscription(schema: Any, services: Any, make: Any) -> None:
    down = errors.BackendUnavailable("No answer from lab.", backend="lab")
    services.events = [make.execution(), down]
    stream, _ = await _events(
        schema, services, "subscription($id: ID!) { executionUpdated(taskId: $id) { status } }", id=make.task().id
    )
    results = [result async for result in stream]
    assert results[0].data == {"executionUpdated": {"status": "QUEUED"}}
    assert results[1].errors[0].original_error is down
    assert len(results) == 2


async def test_leaving_a_subscription_ends_the_watch_behind_it(schema: Any, services: Any, make: Any) -> None:
    services.events = [make.task(), make.task()]
    stream, _ = await _events(
        schema, services, "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { name } }", ids=[make.task().id]
    )
    await anext(stream)
    assert services.listeners == 1
    await stream.aclose()
    assert services.listeners == 0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ('subscription { taskUpdated(ids: ["?"]) { name } }', ["ids", "0"]),
        ('subscription { executionUpdated(taskId: "?") { status } }', ["taskId"]),
    ],
)
async def test_a_malformed_id_is_refused_before_the_stream_opens(
    schema: Any, services: Any, query: str, path: list[str]
) -> None:
    stream, _ = await _events(schema, services, query)
    results = [result async for result in stream]
    assert len(results) == 1
    problem = results[0].errors[0].original_error
    assert isinstance(problem, InvalidInput)
    assert problem.path == path
    assert services.listeners == 0
