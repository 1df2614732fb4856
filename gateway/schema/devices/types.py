"""OtaDevice."""

import strawberry

from gateway.domain.device import Device
from gateway.domain.execution import Execution
from gateway.schema.backends.types import OtaBackend
from gateway.schema.connections import DEFAULT_FIRST, After, First, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.node import Node
from gateway.schema.references import EXECUTION_CONNECTION
from gateway.schema.shows import shows
from gateway.services.connection import Connection


async def _executions(
    root: strawberry.Parent[Device], info: RequestInfo, first: First = DEFAULT_FIRST, after: After = strawberry.UNSET
) -> Connection[Execution]:
    context = info.context
    return await context.services.executions.of_device(context.caller, root, rows(first), cursor(after))


@strawberry.federation.type(
    keys=["id", "urn"],
    description="A device of one backend. That it exists is not checked: devices are known through their executions.",
)
class OtaDevice(Node):
    """Over domain.device.Device."""

    is_type_of = shows(Device)
    urn: str = strawberry.field(
        description='"backend/name" or "backend/productKey/name", each part percent-encoded: '
        "what another subgraph can build by itself."
    )
    name: str = strawberry.field(description="The vendor's name or id of the device.")
    product_key: str | None = strawberry.field(
        description="The product it belongs to, where names are unique within one."
    )
    backend: OtaBackend = strawberry.field(description="Where it lives.")
    executions = strawberry.field(
        resolver=_executions,
        graphql_type=EXECUTION_CONNECTION,
        description="Its part in every task, newest first. The backend is SKIPPED, with the reason, where the vendor "
        "cannot list by device.",
    )
