"""How hypothesis runs here: the same operations in every run, as long as it takes, and without graphql-core's noise."""

from hypothesis import HealthCheck, Phase, settings

UNBEGUN = (
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore:Exception ignored in. <coroutine object:pytest.PytestUnraisableExceptionWarning",
)
"""Filters for what graphql-core leaves: it cancels the fields beside an error that nulls their parent, some of them
before they began. The second is the same, told in places where Python cannot tell it as a warning."""

STEADY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
