"""Answers as JSON, through orjson, and the media types GraphQL is answered in."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

import orjson
from starlette.responses import Response

from gateway.domain.answer_codes import AnswerCode
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
    """An answer that no browser takes for anything else.

    The headers that many answers have alike are put together once, not once an answer.
    """

    def __init__(
        self,
        body: bytes,
        status: int,
        media_type: str,
        cache_control: str = "no-store",
        vary: str = "Accept",
        more: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [*_headers(media_type, cache_control, vary), *more]
        if status != 304:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))


@lru_cache(maxsize=512)
def _headers(media_type: str, cache_control: str, vary: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", cache_control.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", vary.encode()),
    )


def json_response(
    content: object, *, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON that no cache keeps. Another Accept header may have had another one."""
    more = ((name.encode(), value.encode()) for name, value in (headers or {}).items())
    return JsonResponse(encode(content), status, media_type, more=more)


def refusal(
    status: int,
    message: str,
    code: AnswerCode,
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
