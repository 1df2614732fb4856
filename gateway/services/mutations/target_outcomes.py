"""What became of each of several devices: checked before, called in chunks, and read back one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.domain.errors import (
    BackendUnavailable,
    Conflict,
    GatewayError,
    GenerationChanged,
    InvalidState,
    NotFound,
    OutcomeUnknown,
    Throttled,
)
from gateway.domain.execution import Execution
from gateway.domain.outcomes import MutationOutcome, TargetResult
from gateway.domain.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus

_NOT_DONE = (InvalidState, NotFound, GenerationChanged, Conflict, Throttled, BackendUnavailable)


@dataclass(slots=True)
class Target:
    """One device on its way through a bulk change. `executions` are all its parts that the change touches."""

    given: str
    executions: list[Execution] = field(default_factory=list)
    result: TargetResult | None = None
    lost: OutcomeUnknown | None = None

    @property
    def decided(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.result is not None

    def decide(self, outcome: MutationOutcome, error: GatewayError | None = None) -> None:
        """Say what became of it; the first word stands."""
        if self.result is not None:
            return
        first = self.executions[0] if self.executions else None
        if error is not None:
            error.target = error.target or self.given
        self.result = TargetResult(
            target=self.given,
            outcome=outcome,
            device_name=first.device.name if first else None,
            execution=first,
            status_before=first.status if first else None,
            vendor_status_before=first.vendor_status if first else None,
            error=error,
        )

    def fail(self, error: GatewayError) -> None:
        """The vendor, or the way to it, said no: REFUSED when nothing was done, FAILED when it was tried in vain."""
        self.decide(MutationOutcome.REFUSED if isinstance(error, _NOT_DONE) else MutationOutcome.FAILED, error)


def not_attempted(why: str, backend: str) -> InvalidState:
    """The error for a target that was well but was left alone because of another one."""
    return InvalidState(f"Not attempted: {why}", backend=backend)


def conclude_cancel(target: Target, found: Sequence[Execution | None] | GatewayError, backend: str) -> None:
    """What reading back shows of a cancel that was accepted, or whose answer was lost."""
    if target.decided:
        return
    if isinstance(found, GatewayError):
        if target.lost is not None:
            target.decide(MutationOutcome.UNKNOWN, target.lost)
        else:
            target.decide(MutationOutcome.REQUESTED, found)
        return
    shown = [execution for execution in found if execution is not None]
    if shown and all(execution.status is ExecutionStatus.CANCELED for execution in shown):
        target.decide(MutationOutcome.DONE)
    elif target.lost is not None:
        target.decide(MutationOutcome.UNKNOWN, target.lost)
    elif not shown:
        gone = NotFound("The vendor accepted the cancel and no longer shows the execution.", backend=backend)
        target.decide(MutationOutcome.UNKNOWN, gone)
    else:
        _conclude_still_there(target, shown, backend)
    if target.result is not None and shown:
        target.result.execution = shown[0]


def _conclude_still_there(target: Target, shown: Sequence[Execution], backend: str) -> None:
    ended = next((one for one in shown if one.status in TERMINAL_EXECUTION_STATUSES), None)
    ended = None if ended is not None and ended.status is ExecutionStatus.CANCELED else ended
    if ended is not None:
        late = InvalidState(
            "The vendor accepted the cancel, and the device had come to an end before it.",
            vendor_status=ended.vendor_status,
            backend=backend,
        )
        target.decide(MutationOutcome.FAILED, late)
        return
    started = next(
        (
            now
            for before, now in zip(target.executions, shown, strict=False)
            if now.status is ExecutionStatus.IN_PROGRESS and before.status is not ExecutionStatus.IN_PROGRESS
        ),
        None,
    )
    if started is not None:
        late = InvalidState(
            "The vendor accepted the cancel, and the device had begun before it.",
            vendor_status=started.vendor_status,
            backend=backend,
        )
        target.decide(MutationOutcome.FAILED, late)
        return
    target.decide(MutationOutcome.REQUESTED)


def conclude_release(target: Target, found: Execution | None) -> None:
    """What reading back shows of a confirm or retry: DONE once the device has left the state it waited in."""
    if target.decided:
        return
    moved = found is not None and found.status is not target.executions[0].status
    if moved:
        target.decide(MutationOutcome.DONE)
    elif target.lost is not None:
        target.decide(MutationOutcome.UNKNOWN, target.lost)
    else:
        target.decide(MutationOutcome.REQUESTED)
    if target.result is not None and found is not None:
        target.result.execution = found


def overall(results: Sequence[TargetResult]) -> MutationOutcome:
    """One word for many: the worst that calls for attention."""
    outcomes = {result.outcome for result in results}
    for word in (MutationOutcome.UNKNOWN, MutationOutcome.FAILED):
        if word in outcomes:
            return word
    if outcomes and outcomes <= {MutationOutcome.REFUSED}:
        return MutationOutcome.REFUSED
    for word in (MutationOutcome.PREVIEWED, MutationOutcome.REQUESTED, MutationOutcome.DONE):
        if word in outcomes:
            return word
    return MutationOutcome.ALREADY_DONE
