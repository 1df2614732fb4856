"""RequestContext: what every resolver is given."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import strawberry

from gateway.schema.loaders import Loaders
from gateway.services.caller import Caller

if TYPE_CHECKING:
    from gateway.services.services import Services


@dataclass(slots=True, kw_only=True)
class RequestContext:
    """The services, who asks, and what was already read for this request."""

    services: "Services"
    caller: Caller
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Read everything anew from here on: each event of a subscription shows the present."""
        self.loaders = Loaders(self.services, self.caller)


RequestInfo = strawberry.Info[RequestContext, None]
