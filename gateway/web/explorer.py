"""The explorer that browsers see at /graphql: GraphiQL, in the page that Strawberry brings."""

from functools import cache

from starlette.responses import HTMLResponse, Response
from strawberry.http.ides import get_graphql_ide_html


@cache
def _page() -> str:
    return get_graphql_ide_html("graphiql")


def explorer_response() -> Response:
    """The page. No other page may frame it: who clicks here changes fleets."""
    return HTMLResponse(
        _page(),
        headers={
            "cache-control": "no-store",
            "content-security-policy": "frame-ancestors 'none'",
            "referrer-policy": "no-referrer",
            "vary": "Accept",
            "x-content-type-options": "nosniff",
        },
    )
