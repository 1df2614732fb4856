"""Reading a device."""

from typing import Annotated

import strawberry

from gateway.domain.device import Device
from gateway.schema.context import RequestInfo
from gateway.schema.devices.types import OtaDevice


def _device(
    info: RequestInfo,
    backend: Annotated[str, strawberry.argument(description="The backend's name.")],
    name: Annotated[str, strawberry.argument(description="The vendor's name or id of the device.")],
    product_key: Annotated[
        str | None, strawberry.argument(description="Where names are unique only within a product: Tuya.")
    ] = strawberry.UNSET,
) -> Device | None:
    """One device."""
    key = None if product_key is strawberry.UNSET else product_key
    return info.context.services.device(info.context.caller, backend, name, key)


@strawberry.type
class DeviceQueries:
    """The part of Query about devices."""

    device = strawberry.field(
        resolver=_device,
        graphql_type=OtaDevice | None,
        description="The device of that name. That it exists is not checked; its executions tell.",
    )
