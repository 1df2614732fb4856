"""Answers as JSON, through orjson, and the media types GraphQL is answered in."""

import json
from collections.abc import Mapping
from datetime import datetime

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


def json_response(
    content: object, *, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that no cache keeps and no browser takes for anything else."""
    return Response(
        encode(content),
        status_code=status,
        headers={
            "content-type": f"{media_type}; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **(headers or {}),
        },
    )


def refusal(
    status: int, message: str, code: str, *, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """A request that never became a GraphQL operation, refused in GraphQL's own form of error."""
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return json_response(body, status=status, media_type=media_type, headers=headers)
