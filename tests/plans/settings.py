"""How hypothesis runs here: the same operations in every run, and as long as it takes."""

from hypothesis import HealthCheck, Phase, settings

STEADY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
