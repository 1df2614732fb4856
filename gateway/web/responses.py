"""Answers as JSON, through orjson, and the media types GraphQL is answered in."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache

import orjson
from starlette.responses import Response

from gateway.plans.leaves import ENCODING

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


def encode(content: object) -> bytes:
    """JSON in UTF-8. What orjson does not take (huge integers, lone surrogates, deep nesting) the slower way."""
    try:
        return orjson.dumps(content, option=ENCODING)
    except orjson.JSONEncodeError:
        return json.dumps(content, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> object:
    """As orjson prints what json does not know: moments, and texts that are printed already."""
    if isinstance(value, datetime | orjson.Fragment):
        return orjson.loads(orjson.dumps(value, option=ENCODING))
    return str(value)


class JsonResponse(Response):
    """An answer that no cache keeps and no browser takes for anything else.

    Its headers are put together once for each media type, not once an answer.
    """

    def __init__(self, content: object, status: int, media_type: str, headers: Mapping[str, str] | None) -> None:
        self.status_code = status
        self.background = None
        self.body = encode(content)
        self.raw_headers = [
            *_headers(media_type),
            (b"content-length", b"%d" % len(self.body)),
            *((name.encode(), value.encode()) for name, value in (headers or {}).items()),
        ]


@cache
def _headers(media_type: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Accept"),
    )


def json_response(
    content: object, *, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON. Another Accept header may have had another one."""
    return JsonResponse(content, status, media_type, headers)


def refusal(
    status: int,
    message: str,
    code: str,
    *,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
    told: Mapping[str, object] | None = None,
) -> Response:
    """A request that never became a GraphQL operation, refused in GraphQL's own form of error.

    `told` goes with the code.
    """
    body = {"errors": [{"message": message, "extensions": {"code": code, **(told or {})}}]}
    return json_response(body, status=status, media_type=media_type, headers=headers)
