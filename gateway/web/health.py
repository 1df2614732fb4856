"""/healthz: the process answers. /readyz: it takes requests, and is to be given them.

Ready is who has begun its lifespan (backends set up, ledger opened once) and was not told to end. A vendor or a ledger
that is gone later does not make it unready: reads go on, and every other process would be as unready as this one.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web.leaving import Leaving
from gateway.web.responses import json_response


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


def health_routes(readiness: Readiness) -> list[Route]:
    """Both routes."""

    async def healthz(request: Request) -> Response:
        return json_response({"status": "live"})

    async def readyz(request: Request) -> Response:
        word = readiness.word()
        return json_response({"status": word}, status=200 if word == "ready" else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
