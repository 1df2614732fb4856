"""A GraphQL request as HTTP carries it, read strictly: what is wrong is refused in words, never with a 500."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from gateway.domain.answer_codes import AnswerCode
from gateway.web.persisted_queries import PersistedQueries
from gateway.web.refusals import RequestRefused

_MOST_PARAMETERS = 20


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One operation to run."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


def from_query_string(query_string: bytes, documents: PersistedQueries) -> GraphQLRequest:
    """Read a GET. Raises RequestRefused."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict"
        )
    except ValueError:
        raise RequestRefused(400, "The query string is not readable as UTF-8 parameters.") from None
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) != len(pairs):
        raise RequestRefused(400, "A parameter stands twice in the query string.")
    for name in ("variables", "extensions"):
        if name in parameters:
            text = parameters[name]
            parameters[name] = _json(text.encode(), f"The parameter {name}") if text else None
    return from_members(parameters, documents)


@dataclass(slots=True)
class RequestHead:
    """What the headers say that GraphQL over HTTP asks about. Of a header that stands twice the first counts."""

    accept: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    content_length: str | None = None
    accept_encoding: str | None = None
    if_none_match: str | None = None


_HEADERS = {name.replace("_", "-").encode(): name for name in RequestHead.__slots__}


def head_of(scope: Scope) -> RequestHead:
    """The head of an HTTP request."""
    head = RequestHead()
    for name, value in scope["headers"]:
        attribute = _HEADERS.get(name)
        if attribute is not None and getattr(head, attribute) is None:
            setattr(head, attribute, value.decode("latin-1"))
    return head


def from_body(head: RequestHead, body: bytes, documents: PersistedQueries) -> GraphQLRequest:
    """Read a POST. Raises RequestRefused."""
    _check_head(head)
    members = _json(body, "The body")
    if isinstance(members, list):
        raise RequestRefused(400, "Batches are not taken; send one operation a request.")
    if not isinstance(members, dict):
        raise RequestRefused(400, "The body must be a JSON object with a query.")
    return from_members(members, documents)


def from_members(members: dict[str, Any], documents: PersistedQueries) -> GraphQLRequest:
    """Check the types of a request's members, and find the document that it means. Raises RequestRefused."""
    check_members(members)
    return GraphQLRequest(documents.text(members), members.get("variables"), members.get("operationName") or None)


def check_members(members: Mapping[str, Any]) -> None:
    """Raise RequestRefused where a member is not of its type."""
    query = members.get("query")
    if query is not None and not isinstance(query, str):
        raise RequestRefused(400, "query must be a string.")
    if query is not None and not query.strip():
        raise RequestRefused(400, "The query is empty.")
    for name in ("variables", "extensions"):
        if members.get(name) is not None and not isinstance(members[name], dict):
            raise RequestRefused(400, f"{name} must be an object.")
    operation = members.get("operationName")
    if operation is not None and not isinstance(operation, str):
        raise RequestRefused(400, "operationName must be a string.")


def _check_head(head: RequestHead) -> None:
    if not _is_json(head.content_type):
        raise RequestRefused(
            415, "Send the content type application/json, in UTF-8.", AnswerCode.UNSUPPORTED_MEDIA_TYPE
        )
    if head.content_encoding is not None and head.content_encoding.lower() != "identity":
        raise RequestRefused(415, "Send the body without a content encoding.", AnswerCode.UNSUPPORTED_MEDIA_TYPE)


@lru_cache(maxsize=128)
def _is_json(content_type: str | None) -> bool:
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")]
    return media_type == "application/json" and all(charset in ("utf-8", "utf8") for charset in charsets)


async def read_body(head: RequestHead, receive: Receive, most: int) -> bytes:
    """Receive the body of a POST, of `most` bytes, unless its head tells that it is of no use.

    Raises RequestRefused or ClientGone.
    """
    _check_head(head)
    length = head.content_length or ""
    if length.isdigit() and int(length) > most:
        raise too_large(most)
    received = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        received += message.get("body", b"")
        if len(received) > most:
            raise too_large(most)
        if not message.get("more_body", False):
            return bytes(received)


def too_large(most: int) -> RequestRefused:
    """The refusal of a body that is longer than that."""
    told = {"limit": "body_bytes", "maximum": most}
    return RequestRefused(413, f"The body is larger than {most} bytes. Send less.", AnswerCode.LIMIT_EXCEEDED, told)


def _json(text: bytes, what: str) -> object:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, f"{what} is not readable as JSON in UTF-8.") from None
    return value
