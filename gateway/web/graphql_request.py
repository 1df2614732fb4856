"""A GraphQL request as HTTP carries it, read strictly: what is wrong is refused in words, never with a 500."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLError, OperationDefinitionNode, parse
from starlette.types import Receive, Scope

BODY_LIMIT = 1024 * 1024
_MOST_PARAMETERS = 20
_LONGEST_REMEMBERED = 10_000
_KEYWORD = re.compile(r"\b(?:query|mutation|subscription)\b")


class RequestRefused(Exception):
    """The request is no GraphQL request. `status` is the HTTP status to answer with."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One operation to run."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


def from_query_string(query_string: bytes) -> GraphQLRequest:
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
    return from_members(parameters)


@dataclass(slots=True)
class RequestHead:
    """What the headers say that GraphQL over HTTP asks about. Of a header that stands twice the first counts."""

    accept: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    content_length: str | None = None


_HEADERS = {name.replace("_", "-").encode(): name for name in RequestHead.__slots__}


def head_of(scope: Scope) -> RequestHead:
    """The head of an HTTP request."""
    head = RequestHead()
    for name, value in scope["headers"]:
        attribute = _HEADERS.get(name)
        if attribute is not None and getattr(head, attribute) is None:
            setattr(head, attribute, value.decode("latin-1"))
    return head


def from_body(head: RequestHead, body: bytes) -> GraphQLRequest:
    """Read a POST. Raises RequestRefused."""
    _check_head(head)
    members = _json(body, "The body")
    if isinstance(members, list):
        raise RequestRefused(400, "Batches are not taken; send one operation a request.")
    if not isinstance(members, dict):
        raise RequestRefused(400, "The body must be a JSON object with a query.")
    return from_members(members)


def from_members(members: dict[str, Any]) -> GraphQLRequest:
    """Check the types of a request's members. Raises RequestRefused."""
    query = members.get("query")
    variables = members.get("variables")
    name = members.get("operationName")
    extensions = members.get("extensions")
    if query is None:
        raise RequestRefused(400, "A query is missing.")
    if not isinstance(query, str):
        raise RequestRefused(400, "query must be a string.")
    if not query.strip():
        raise RequestRefused(400, "The query is empty.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused(400, "variables must be an object.")
    if name is not None and not isinstance(name, str):
        raise RequestRefused(400, "operationName must be a string.")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestRefused(400, "extensions must be an object.")
    return GraphQLRequest(query, variables, name or None)


def names_too_little(request: GraphQLRequest) -> bool:
    """Whether the document holds several operations and none is named.

    Strawberry would run the first of them. A valid document needs a keyword for each of several operations, so that
    nearly every document is cleared without being parsed a second time.
    """
    if request.operation_name is not None:
        return False
    query = request.query
    return _holds_several(query) if len(query) > _LONGEST_REMEMBERED else _held_several(query)


def _holds_several(query: str) -> bool:
    if len(_KEYWORD.findall(query)) < 2:
        return False
    try:
        document = parse(query, no_location=True)
    except (GraphQLError, RecursionError):
        return False
    return sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions) > 1


_held_several = lru_cache(maxsize=256)(_holds_several)


def _check_head(head: RequestHead) -> None:
    if not _is_json(head.content_type):
        raise RequestRefused(415, "Send the content type application/json, in UTF-8.", "UNSUPPORTED_MEDIA_TYPE")
    if head.content_encoding is not None and head.content_encoding.lower() != "identity":
        raise RequestRefused(415, "Send the body without a content encoding.", "UNSUPPORTED_MEDIA_TYPE")


@lru_cache(maxsize=128)
def _is_json(content_type: str | None) -> bool:
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")]
    return media_type == "application/json" and all(charset in ("utf-8", "utf8") for charset in charsets)


async def read_body(head: RequestHead, receive: Receive) -> bytes:
    """Receive the body of a POST, unless its head tells that it is of no use. Raises RequestRefused or ClientGone."""
    _check_head(head)
    length = head.content_length or ""
    if length.isdigit() and int(length) > BODY_LIMIT:
        raise _too_large()
    received = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        received = received + part if received else part
        if len(received) > BODY_LIMIT:
            raise _too_large()
        if not message.get("more_body", False):
            return received


def _too_large() -> RequestRefused:
    return RequestRefused(413, f"The body is larger than {BODY_LIMIT} bytes.", "LIMIT_EXCEEDED")


def _json(text: bytes, what: str) -> object:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, f"{what} is not readable as JSON in UTF-8.") from None
    return value
