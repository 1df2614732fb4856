"""Simulator: an ASGI application that speaks a vendor's wire API."""

from typing import Protocol

from starlette.types import Receive, Scope, Send


class Simulator(Protocol):
    """A simulated vendor. `calls` counts the requests it answered, by the vendor's own operation name."""

    calls: dict[str, int]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...
