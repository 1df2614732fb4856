"""RequestContext: what every resolver is given."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import strawberry

from gateway.schema.loaders import Loaders
from gateway.services.at_once import at_once, only_kept
from gateway.services.caller import Caller, NotKept

if TYPE_CHECKING:
    from gateway.services.services import Services


@dataclass(slots=True, kw_only=True)
class RequestContext:
    """The services, who asks, and what was already read for this request."""

    services: "Services"
    caller: Caller
    loaders: Loaders = field(init=False)
    keeping: Caller = field(init=False)

    def __post_init__(self) -> None:
        self._begin()

    def soonest(
        self, read: Callable[[Caller], Coroutine[Any, Any, Any]], otherwise: Callable[[], Any] | None = None
    ) -> Any:
        """What `read` comes to, at once, where what is kept suffices; else an awaitable.

        `read` begins a read of the services for the caller it is given; the awaitable is that of this request's own
        caller, or what `otherwise` gives.
        """
        if not self.caller.fresh:
            try:
                return at_once(read(self.keeping))
            except NotKept:
                pass
        return read(self.caller) if otherwise is None else otherwise()

    def forget(self) -> None:
        """Read everything anew from here on: each event of a subscription shows the present.

        What is kept is good for it, being as old as the look that found the event, or younger: who listens costs the
        vendor nothing.
        """
        self.caller = replace(self.caller, fresh=False, down={})
        self._begin()

    def _begin(self) -> None:
        self.keeping = only_kept(self.caller)
        self.loaders = Loaders(self.services, self.caller)


RequestInfo = strawberry.Info[RequestContext, None]
