"""What a simulator is told at its start."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.vendorkit.simulation.faults import FaultPlan


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """How a simulated vendor behaves.

    `tasks` and `devices_per_task` size the fleet that `seed` makes; the same seed makes the same fleet, relative to
    the start. Creation times of seeded tasks lie `task_spacing` seconds apart going back from the start, plus
    `creation_offset` seconds, so that several simulators interleave. `speed` is how many simulated seconds pass in a
    real one for running tasks; 0 freezes them. `quotas` enforces the vendor's documented request rates and page
    limits always hold. `deletion_seconds` is how long an asynchronous deletion takes. `variants` switches on
    behaviour that the vendor leaves open, by the names in the simulator's own docstring.
    """

    seed: int = 0
    access_key: str = "demo"
    secret_key: str = "demo-secret"
    project_id: str = "demo"
    tasks: int = 12
    devices_per_task: int = 6
    task_spacing: float = 600.0
    creation_offset: float = 0.0
    speed: float = 1.0
    quotas: bool = True
    deletion_seconds: float = 2.0
    variants: frozenset[str] = frozenset()
    faults: FaultPlan = field(default_factory=FaultPlan)
    now: Callable[[], datetime] = _utc_now
