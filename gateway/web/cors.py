"""CORS: which pages may read the answers. Pages of this machine, and those of `server.cors_origins`."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

_LOOPBACK_ORIGIN = r"https?://(localhost|[a-z0-9-]+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?"
_PREFLIGHT_SECONDS = 600
# By GraphQL's clients, and by tracing in pages.
_SENT = (
    *("content-type", "authorization", "x-api-key", "cache-control", "if-none-match"),
    *("apollo-require-preflight", "apollographql-client-name", "apollographql-client-version"),
    *("traceparent", "tracestate", "x-request-id"),
)
# To ask again, later, or for support.
_READ = ("etag", "retry-after", "x-request-id")


def cors(origins: Sequence[str]) -> Middleware:
    """The middleware. Credentials are not allowed: the gateway knows no cookies."""
    return Middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_origin_regex=_LOOPBACK_ORIGIN,
        allow_methods=["GET", "POST"],
        allow_headers=_SENT,
        expose_headers=_READ,
        max_age=_PREFLIGHT_SECONDS,
    )
