"""Levels: how backends stand at a moment, for gauges; and what their vendors said that no mapping knows."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from gateway.backends.circuit_breaker import Circuit
from gateway.backends.stack import BackendStack
from gateway.observability.metrics import (
    CALL_BUDGET,
    CALLS_UNDER_WAY,
    CALLS_WAITING,
    CIRCUIT_OPEN,
    UNKNOWN_VALUES,
)
from gateway.vendorkit.manifest import VendorManifest

_OPEN: Final = {Circuit.CLOSED: 0.0, Circuit.HALF_OPEN: 0.5, Circuit.OPEN: 1.0}
# By vendor and table, which belong to the process: what was counted of each word.
_counted: Final[dict[tuple[str, str], Counter[str]]] = {}

_log = structlog.get_logger(__name__)


def levels_of(stacks: Sequence[BackendStack]) -> Callable[[], None]:
    """What sets the gauges of these backends, and counts unknown values, each time it is called."""
    manifests = {stack.manifest.vendor: stack.manifest for stack in stacks}.values()

    def take() -> None:
        for stack in stacks:
            _show(stack)
        count_unknown(manifests)

    return take


def _show(stack: BackendStack) -> None:
    traffic, name = stack.traffic(), stack.name
    CIRCUIT_OPEN.labels(name).set(_OPEN[traffic.circuit])
    CALLS_UNDER_WAY.labels(name).set(traffic.under_way)
    CALLS_WAITING.labels(name).set(traffic.waiting)
    CALL_BUDGET.labels(name).set(stack.pace.calls_per_second)


def count_unknown(manifests: Iterable[VendorManifest]) -> None:
    """Count what vendors' tables did not know since the last time, and write each value down once."""
    for manifest in manifests:
        for kind, table in manifest.status_tables().items():
            known = _counted.setdefault((manifest.vendor, kind), Counter())
            if table.unknown_values == known:
                continue
            now = Counter(table.unknown_values)
            for value in now.keys() - known.keys():
                _log.warning(
                    "unknown_value",
                    vendor=manifest.vendor,
                    kind=kind,
                    value=value,
                    meaning="shown as UNKNOWN, with the vendor's own word; please report it",
                )
            UNKNOWN_VALUES.labels(manifest.vendor, kind).inc(now.total() - known.total())
            _counted[manifest.vendor, kind] = now
