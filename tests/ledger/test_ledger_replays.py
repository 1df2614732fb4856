"""A replay equals the first answer, whatever its shape."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain import errors
from gateway.domain.audit import Intent
from gateway.domain.errors import ErrorCode, GatewayError
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, Preview, TargetResult
from gateway.domain.records import result_to_record
from gateway.domain.statuses import ExecutionStatus
from gateway.ledger import Ledger, Replay, Started

text = st.text(max_size=12)
maybe_text = st.none() | text
texts = st.lists(text, max_size=3)
seconds = st.none() | st.floats(0, 1e6)
operations = st.sampled_from(Operation)


def error_of(kind: type[GatewayError], **members: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, text, backend=maybe_text, target=maybe_text, **members)


any_error = st.one_of(
    error_of(errors.InvalidInput, path=texts, rule=text),
    error_of(errors.NotFound),
    error_of(errors.PermissionDenied),
    error_of(errors.UnsupportedByVendor, operation=operations, alternatives=st.lists(operations, max_size=2)),
    error_of(errors.InvalidState, vendor_status=maybe_text, needs_force=st.booleans()),
    error_of(errors.InUse, used_by=texts, complete=st.booleans()),
    error_of(errors.GenerationChanged, expected=maybe_text, found=maybe_text),
    error_of(errors.Conflict, code=st.sampled_from([ErrorCode.VERSION_CONFLICT, ErrorCode.READ_ONLY])),
    error_of(errors.Throttled, retry_after_seconds=seconds),
    error_of(errors.BackendUnavailable, code=st.sampled_from([ErrorCode.BACKEND_UNAVAILABLE])),
    error_of(
        errors.VendorRejected,
        http_status=st.none() | st.integers(100, 599),
        vendor_code=maybe_text,
        vendor_message=maybe_text,
        request_id=maybe_text,
    ),
    error_of(errors.OutcomeUnknown, check_after_seconds=seconds, request_id=maybe_text),
)
target_results = st.builds(
    TargetResult,
    target=text,
    outcome=st.sampled_from(MutationOutcome),
    device_name=maybe_text,
    execution_id=maybe_text,
    status_before=st.none() | st.sampled_from(ExecutionStatus),
    vendor_status_before=maybe_text,
    error=st.none() | any_error,
)
previews = st.builds(Preview, affected=texts, would_refuse=st.lists(any_error, max_size=2), side_effects=texts)
results = st.builds(
    MutationResult,
    outcome=st.sampled_from(MutationOutcome),
    task_id=maybe_text,
    deleted_id=maybe_text,
    results=st.lists(target_results, max_size=3),
    preview=st.none() | previews,
    errors=st.lists(any_error, max_size=3),
)


def _may_be_repeated(result: MutationResult) -> bool:
    """Whether the key is free again: nothing came of it, and all that stood in the way may pass."""
    errors = [*result.errors, *(one.error for one in result.results if one.error is not None)]
    came_to_nothing = result.outcome in (MutationOutcome.REFUSED, MutationOutcome.FAILED)
    return came_to_nothing and bool(errors) and all(error.retryable for error in errors)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(result=results.filter(lambda one: not _may_be_repeated(one)))
async def test_a_replay_equals_the_first_answer(
    ledger: Ledger, intend: Callable[..., Intent], result: MutationResult
) -> None:
    intent = intend(idempotency_key=uuid4().hex, input_digest="d")
    started = await ledger.begin(intent)
    assert isinstance(started, Started)
    await ledger.close(started.entry_id, result)
    replay = await ledger.begin(intent)
    assert isinstance(replay, Replay)
    assert replay.result.audit_entry_id == started.entry_id
    assert result_to_record(replay.result) == result_to_record(result)
    assert [type(error) for error in replay.result.errors] == [type(error) for error in result.errors]
    entry = await ledger.entry(started.entry_id)
    assert entry is not None
    assert entry.outcome is result.outcome
    assert [str(error) for error in entry.errors[: len(result.errors)]] == [str(error) for error in result.errors]
