"""How far tasks and executions are."""

import strawberry

from gateway.domain.statuses import CountUnit, ExecutionStatus, Source


@strawberry.type(description="How far it is.")
class OtaProgress:
    """Over domain.task.Progress."""

    percent: float = strawberry.field(description="From 0 to 100.")
    source: Source = strawberry.field(description="Whether the vendor said it or it was worked out from its counters.")


@strawberry.type(description="How many stand at one status.")
class OtaStatusCount:
    """Over domain.task.StatusCount."""

    status: ExecutionStatus = strawberry.field(description="The status.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="A task's counters, as its vendor keeps them.")
class OtaExecutionCounts:
    """Over domain.task.ExecutionCounts."""

    total: int | None = strawberry.field(description="All of them, where the vendor says so.")
    unit: CountUnit = strawberry.field(description="What is counted.")
    exact: bool = strawberry.field(description="False when added up from parts that may have moved meanwhile.")
    by_status: list[OtaStatusCount] = strawberry.field(description="How many stand where; a status with none may lack.")
