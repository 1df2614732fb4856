"""A job's counters, and the outcome worked out from them.

They count executions, not devices: one thing with three retries counts several times (boto/boto3 issue 4656).
"""

from collections.abc import Mapping

from gateway.domain.statuses import CountUnit, ExecutionStatus, TaskOutcome, TaskStatus
from gateway.domain.task import ExecutionCounts, StatusCount
from gateway.vendorkit.decoding import count_of


def execution_counts(counters: Mapping[ExecutionStatus, object]) -> ExecutionCounts:
    """The counters that are there, and are counts. The total is known only when none is missing."""
    given = {status: count_of(value) for status, value in counters.items()}
    known = {status: count for status, count in given.items() if count is not None}
    return ExecutionCounts(
        total=count_of(sum(known.values())) if len(known) == len(counters) else None,
        unit=CountUnit.EXECUTIONS,
        exact=True,
        by_status=tuple(StatusCount(status, count) for status, count in known.items()),
    )


def derived_outcome(status: TaskStatus, counts: ExecutionCounts | None) -> TaskOutcome | None:
    """How a task ended, from its state and its counters; None while it has not ended."""
    if status is TaskStatus.CANCELED:
        return TaskOutcome.CANCELED
    if status is not TaskStatus.COMPLETED:
        return None
    if counts is None or counts.total is None:
        return TaskOutcome.UNDETERMINED
    if counts.total == 0:
        return TaskOutcome.NO_DEVICES
    succeeded = sum(entry.count for entry in counts.by_status if entry.status is ExecutionStatus.SUCCEEDED)
    if succeeded == counts.total:
        return TaskOutcome.SUCCEEDED
    return TaskOutcome.PARTIALLY_SUCCEEDED if succeeded else TaskOutcome.FAILED
