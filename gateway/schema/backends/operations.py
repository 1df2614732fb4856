"""What a vendor supports at all, and what an object allows now."""

import strawberry

from gateway.domain.execution import Execution
from gateway.domain.operations import Affordance, Operation, Support
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.schema.context import RequestInfo


@strawberry.type(description="How a vendor supports one operation.")
class OtaCapability:
    """Over domain.operations.Capability."""

    operation: Operation = strawberry.field(description="The operation.")
    support: Support = strawberry.field(description="How far the vendor goes along.")
    force: bool = strawberry.field(description="Whether the vendor has a force of its own for it.")
    max_targets: int | None = strawberry.field(description="How many targets one vendor call takes.")
    note: str | None = strawberry.field(description="The vendor's limits, in a sentence.")


@strawberry.type(description="Whether an operation would be accepted on an object as it stands.")
class OtaAffordance:
    """Over domain.operations.Affordance."""

    operation: Operation = strawberry.field(description="The operation.")
    allowed: bool = strawberry.field(description="Whether it would be accepted, with force where needsForce says so.")
    needs_force: bool = strawberry.field(description="Whether only with `force: true`.")
    reason: str | None = strawberry.field(description="Why not, or why only with force.")


def _allowed_operations(root: strawberry.Parent[Task | Package | Execution], info: RequestInfo) -> list[Affordance]:
    return info.context.services.allowed_operations(info.context.caller, root)


def allowed_operations() -> object:
    """The field of that name, on tasks, packages and executions."""
    return strawberry.field(
        resolver=_allowed_operations,
        graphql_type=list[OtaAffordance],
        description="What may be done to it as it was read; costs no vendor call.",
    )
