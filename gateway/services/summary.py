"""The results of a change to many targets, counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.outcomes import MutationOutcome, TargetResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSummary:
    """How many targets came to what. PREVIEWED ones are in `requested` only."""

    requested: int
    done: int
    refused: int
    failed: int
    unknown: int


def summary_of(results: Sequence[TargetResult]) -> BulkSummary:
    """Count. REQUESTED is unknown still: the vendor accepted it and does not show it yet."""
    outcomes = Counter(result.outcome for result in results)
    already = outcomes[MutationOutcome.ALREADY_DONE] + outcomes[MutationOutcome.ALREADY_DELETED]
    return BulkSummary(
        requested=len(results),
        done=outcomes[MutationOutcome.DONE] + already,
        refused=outcomes[MutationOutcome.REFUSED],
        failed=outcomes[MutationOutcome.FAILED],
        unknown=outcomes[MutationOutcome.UNKNOWN] + outcomes[MutationOutcome.REQUESTED],
    )
