"""Request ids: one for each request, of the caller's own making if it is fit to be written down, and in each answer."""

import re
from random import getrandbits
from typing import Final

from starlette.types import Message, Scope, Send

HEADER: Final = b"x-request-id"
_MEMBER: Final = "request_id"
_FIT: Final = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")
_ANSWERS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


def request_id_of(scope: Scope) -> str:
    """The id of a request or websocket: the caller's, or one that is made now and kept."""
    known: str | None = scope.get(_MEMBER)
    if known is not None:
        return known
    for name, value in scope["headers"]:
        if name == HEADER and _FIT.fullmatch(value):
            scope[_MEMBER] = given = value.decode()
            return str(given)
    scope[_MEMBER] = made = made_up()
    return made


def made_up() -> str:
    """A new id."""
    return f"{getrandbits(64):016x}"


def telling(scope: Scope, send: Send) -> Send:
    """`send`, with the request's id in the head of the answer."""
    header = (HEADER, request_id_of(scope).encode())

    async def told(message: Message) -> None:
        if message["type"] in _ANSWERS:
            message["headers"] = [*message.get("headers", ()), header]
        await send(message)

    return told
