"""/healthz: the process answers. /readyz: its lifespan has begun and not ended; ledger and clients are open."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web.responses import json_response


class Readiness:
    """Whether requests can be served. The lifespan turns it on and off."""

    def __init__(self) -> None:
        self.ready = False


def health_routes(readiness: Readiness) -> list[Route]:
    """Both routes."""

    async def healthz(request: Request) -> Response:
        return json_response({"status": "live"})

    async def readyz(request: Request) -> Response:
        if readiness.ready:
            return json_response({"status": "ready"})
        return json_response({"status": "not ready"}, status=503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
