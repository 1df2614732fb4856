"""/healthz: the process answers. /readyz: it takes requests, and is to be given them.

Ready is who has begun its lifespan (backends set up, ledger opened once) and was not told to end. A vendor or a ledger
that is gone later does not make it unready: reads go on, and every other process would be as unready as this one.
What is behind the gateway is told beside, to those who may read how it fares; probes need no more than the status.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web.identity import Identity
from gateway.web.leaving import Leaving
from gateway.web.metrics import no_right
from gateway.web.responses import json_response

Standing = Callable[[], Awaitable[Mapping[str, object]]]
"""Tells how things behind the gateway stand, as JSON."""

_LONGEST_SECONDS: Final = 2.0


class Readiness:
    """Whether requests can be served. The lifespan turns `open` on and off."""

    def __init__(self, leaving: Leaving) -> None:
        self.open = False
        self._leaving = leaving

    def word(self) -> str:
        """What to tell of it; "ready" is the only good one."""
        if self._leaving.begun:
            return "going down"
        return "ready" if self.open else "not ready"


def health_routes(readiness: Readiness, identity: Identity, standing: Standing | None) -> list[Route]:
    """Both routes. `identity` finds out who may be told how things `standing` tells of stand."""

    async def healthz(request: Request) -> Response:
        return json_response({"status": "live"})

    async def readyz(request: Request) -> Response:
        word = readiness.word()
        told: dict[str, object] = {"status": word}
        if standing is not None and word == "ready" and await no_right(identity, request) is None:
            try:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    told |= await standing()
            except TimeoutError:
                told["slow"] = f"how things behind the gateway stand could not be found out in {_LONGEST_SECONDS:g} s"
        return json_response(told, status=200 if word == "ready" else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
