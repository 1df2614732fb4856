"""The section `watching`: how changes are found for subscriptions."""

from datetime import timedelta

from pydantic import Field, model_validator

from gateway.vendorkit.settings import Duration, Strict


class WatchSettings(Strict):
    """How changes are found for subscriptions: see docs/subscriptions.md."""

    fastest: Duration = Field(
        default=timedelta(seconds=1),
        ge=timedelta(milliseconds=100),
        description="Between two looks at a watched task, or at its executions, that has just changed. Each look that "
        "finds nothing new doubles it.",
    )
    slowest: Duration = Field(
        default=timedelta(seconds=30),
        description="Between two looks at one that has not changed for long, and at a task that has ended.",
    )
    share_of_budget: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="The part of each backend's calls_per_second that all watching together spends at most, however "
        "much is watched.",
    )
    most_executions: int = Field(
        default=50_000,
        ge=1,
        description="How many executions a task may have for executionUpdated, which holds each of them in memory.",
    )

    @model_validator(mode="after")
    def _slowest_is_slower(self) -> "WatchSettings":
        if self.slowest < self.fastest:
            raise ValueError("expected slowest to be no shorter than fastest")
        return self
