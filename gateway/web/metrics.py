"""/metrics: what is counted, for Prometheus. With authentication, for principals who have the right to it."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.auth.refusals import KeysUnavailable, Unauthenticated
from gateway.domain.answer_codes import AnswerCode
from gateway.observability.tallies import read_off
from gateway.web.identity import Identity, not_let_in, principal_of
from gateway.web.responses import JSON, refusal

_NO_RIGHT: Final = (
    "You may not read metrics. They name backends and tell of their traffic: ask for a role with `metrics: true`."
)


def metrics_route(identity: Identity) -> Route:
    """The route. `identity` finds out who asks."""

    async def metrics(request: Request) -> Response:
        refused = await no_right(identity, request)
        if refused is not None:
            return refused
        from gateway.observability.exposition import exposed  # noqa: PLC0415 - only who is asked needs it

        # Here, where nothing else is at what is read; the rest takes its time elsewhere.
        read_off()
        body, content_type = await asyncio.to_thread(exposed, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type, "cache-control": "no-store", "vary": "Accept"})

    return Route("/metrics", metrics)


async def no_right(identity: Identity, request: Request) -> Response | None:
    """The refusal to who may not read how the gateway fares; None to who may."""
    try:
        known = identity.note(request.scope)
        if known is not None:
            await known
    except (Unauthenticated, KeysUnavailable) as problem:
        return not_let_in(problem, JSON)
    if principal_of(request).rights.reads_metrics:
        return None
    return refusal(403, _NO_RIGHT, AnswerCode.FORBIDDEN)
