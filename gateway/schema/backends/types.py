"""OtaBackend and its health."""

from datetime import datetime

import strawberry

from gateway.backends.circuit_breaker import Circuit
from gateway.backends.health import BackendHealth, HealthState
from gateway.domain.backend import Backend
from gateway.schema.backends.operations import OtaCapability
from gateway.schema.context import RequestInfo
from gateway.schema.errors import shown_error
from gateway.schema.vendor_types import OtaVendor


@strawberry.type(description="How a backend has been answering this gateway.")
class OtaBackendHealth:
    """Over backends.health.BackendHealth."""

    state: HealthState = strawberry.field(description="In one word.")
    since: datetime | None = strawberry.field(description="When it entered that state.")
    last_error = shown_error("The last failure.")
    calls_last_minute: int = strawberry.field(description="Vendor calls made in the last minute.")
    call_budget_per_second: float | None = strawberry.field(description="Vendor calls allowed in a second.")
    latency_p50_ms: float | None = strawberry.field(description="The median of recent vendor calls, in milliseconds.")
    circuit: Circuit = strawberry.field(description="Whether calls are made: the worst of all its operations.")
    circuit_open_until: datetime | None = strawberry.field(
        description="Until when some are not made; null unless the circuit is OPEN."
    )
    calls_under_way: int = strawberry.field(description="Vendor calls under way at this moment.")
    calls_waiting: int = strawberry.field(description="Vendor calls that wait for a slot or for the budget.")
    retries_last_minute: int = strawberry.field(description="Calls made again in the last minute.")
    throttled_last_minute: int = strawberry.field(
        description="How often in the last minute the vendor asked to slow down."
    )


def _health(root: strawberry.Parent[Backend], info: RequestInfo) -> BackendHealth:
    return info.context.services.health(info.context.caller, root)


@strawberry.type(description="One configured vendor account, region or instance, under the operator's own name.")
class OtaBackend:
    """Over domain.backend.Backend."""

    name: str = strawberry.field(description="The operator's name for it.")
    vendor: str = strawberry.field(graphql_type=OtaVendor, description="Whose cloud it is.")
    region: str | None = strawberry.field(description="The vendor's region, where it has regions.")
    read_only: bool = strawberry.field(description="Whether every change is refused.")
    capabilities: list[OtaCapability] = strawberry.field(description="What its vendor can do.")
    health = strawberry.field(
        resolver=_health, graphql_type=OtaBackendHealth, description="How it fares; costs no vendor call."
    )
