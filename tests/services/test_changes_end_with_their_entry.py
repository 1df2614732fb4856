"""Whatever happens in the middle of a change, its entry is closed and its caller is told what may have been done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.app import build_stack, vendor_client
from gateway.backends.registry import BackendRegistry
from gateway.domain.audit import AuditState, Intent
from gateway.domain.errors import BackendUnavailable, Conflict, ErrorCode, InvalidState, Throttled
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult, TargetResult
from gateway.ledger import Ledger, Replay, Started
from gateway.services.caller import Caller
from gateway.services.inputs import DestroyObject
from gateway.services.services import Services
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TASKS = "{ tasks(first: 20) { nodes { id vendorStatus } } }"
FINE = {"outcome": MutationOutcome.REFUSED, "errors": [BackendUnavailable("Gone.")]}


class Breaking:
    """An adapter one of whose calls has a fault of its own."""

    def __init__(self, adapter: Any, name: str) -> None:
        self._adapter = adapter
        self._name = name

    def __getattr__(self, name: str) -> Any:
        def breaking(*_: object, **__: object) -> None:
            raise RuntimeError("a fault of our own, about secret-7")

        return breaking if name == self._name else getattr(self._adapter, name)


@asynccontextmanager
async def broken_at(gateway: SimulatedGateway, name: str) -> AsyncIterator[tuple[Services, Ledger]]:
    async with vendor_client() as client:
        stack = build_stack(gateway.settings.backends[0], client)
        stack.adapter = Breaking(stack.adapter, name)  # type: ignore[assignment]
        ledger = await Ledger.open(gateway.settings.ledger.url)
        services = Services(BackendRegistry([stack]), ledger, cursor_secret=b"c")
        try:
            yield services, ledger
        finally:
            await services.aclose()
            await stack.adapter.aclose()
            await ledger.aclose()


@pytest.mark.parametrize(
    ("broken", "outcome", "code"),
    [("refusal", "REFUSED", "BACKEND_UNAVAILABLE"), ("delete_task", "UNKNOWN", "OUTCOME_UNKNOWN")],
)
async def test_a_fault_of_our_own_is_told_by_an_id_that_the_log_knows(
    tmp_path: Path, broken: str, outcome: str, code: str
) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        tasks = (await gateway.ask(TASKS))["tasks"]["nodes"]
        task = next(one["id"] for one in tasks if one["vendorStatus"] == "COMPLETED")
        async with broken_at(gateway, broken) as (services, ledger):
            with structlog.testing.capture_logs() as logged:
                result = await services.mutations.delete_task(Caller(), DestroyObject(id=task))
            (error,) = result.errors
            assert (result.outcome.value, error.code.value) == (outcome, code)
            (line,) = [one for one in logged if one["event"] == "change_failed"]
            assert line["id"] in error.message
            assert isinstance(line["exc_info"], RuntimeError)
            assert "secret-7" not in error.message
            entry = await ledger.entry(result.audit_entry_id or "")
        assert entry is not None
        assert (entry.state, entry.outcome) == (AuditState.CLOSED, result.outcome)


@pytest.mark.parametrize(
    ("result", "free"),
    [
        (FINE, True),
        ({"outcome": MutationOutcome.FAILED, "errors": [Throttled("Slow."), BackendUnavailable("Gone.")]}, True),
        ({"outcome": MutationOutcome.FAILED, "errors": [BackendUnavailable("Gone."), InvalidState("It runs.")]}, False),
        ({"outcome": MutationOutcome.REFUSED, "errors": [InvalidState("It runs.")]}, False),
        ({"outcome": MutationOutcome.UNKNOWN, "errors": [BackendUnavailable("Gone.")]}, False),
        ({"outcome": MutationOutcome.DONE}, False),
        ({"outcome": MutationOutcome.REFUSED}, False),
        (
            {
                "outcome": MutationOutcome.FAILED,
                "results": [
                    TargetResult(target="a", outcome=MutationOutcome.FAILED, error=BackendUnavailable("Gone.")),
                    TargetResult(target="b", outcome=MutationOutcome.REQUESTED),
                ],
            },
            False,
        ),
    ],
)
async def test_a_key_is_free_again_when_nothing_was_done_for_reasons_that_may_pass(
    tmp_path: Path, result: dict[str, Any], free: bool
) -> None:
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    intent = Intent(
        actor="a", operation=Operation.DELETE_TASK, backend="b", targets=["t"], idempotency_key="k", input_digest="d"
    )
    try:
        first = await ledger.begin(intent)
        assert isinstance(first, Started)
        with pytest.raises(Conflict) as under_way:
            await ledger.begin(intent)
        assert under_way.value.retryable
        await ledger.close(first.entry_id, MutationResult(**result))
        second = await ledger.begin(intent)
        assert isinstance(second, Started if free else Replay)
        with pytest.raises(Conflict) as other:
            await ledger.begin(replace(intent, input_digest="another"))
        assert (other.value.code, other.value.retryable) == (ErrorCode.IDEMPOTENCY_CONFLICT, False)
        if isinstance(second, Started):
            raced = await asyncio.gather(*(ledger.begin(intent) for _ in range(5)), return_exceptions=True)
            assert all(isinstance(one, Conflict) for one in raced)
            await ledger.close(second.entry_id, MutationResult(outcome=MutationOutcome.DONE))
            assert isinstance(await ledger.begin(intent), Replay)
    finally:
        await ledger.aclose()
