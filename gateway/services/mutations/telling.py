"""Telling those who run the gateway of each change: a count, and one line of log. The audit tells everybody else."""

from collections.abc import Sequence
from typing import Final

import structlog

from gateway.domain.audit import Intent
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.observability.metrics import MUTATIONS

_WORRYING: Final = frozenset({MutationOutcome.FAILED, MutationOutcome.UNKNOWN})

_log = structlog.get_logger(__name__)


def tell(
    intent: Intent,
    result: MutationResult,
    seconds: float,
    *,
    request_ids: Sequence[str] = (),
    replayed: bool = False,
) -> None:
    """Tell of one change that is over. The names of what was changed, and why, stay in the audit."""
    outcome = result.outcome
    MUTATIONS.labels(intent.backend, intent.operation.value, outcome.value).inc()
    told: dict[str, object] = {
        "entry": result.audit_entry_id,
        "operation": intent.operation.value,
        "backend": intent.backend,
        "outcome": outcome.value,
        "actor": intent.actor,
        "targets": len(intent.targets),
        "seconds": round(seconds, 3),
    }
    if result.errors:
        told["errors"] = [error.code.value for error in result.errors]
    if request_ids:
        told["vendor_request_ids"] = list(request_ids)
    if replayed:
        told["replayed"] = True
    (_log.warning if outcome in _WORRYING else _log.info)("change", **told)
