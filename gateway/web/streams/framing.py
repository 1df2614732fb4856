"""Framing: how the results of a stream are put into the body of an HTTP answer.

A reader of parts knows that a part has ended when it sees the boundary after it, so each part is sent with it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final

from graphql import GraphQLError

from gateway.domain.answer_codes import AnswerCode
from gateway.web.negotiation import StreamForm
from gateway.web.responses import encode
from gateway.web.streams.operations import Result
from gateway.web.streams.payloads import AsOf2022, Presenting, payload

_GOING_AWAY: Final = GraphQLError(
    "The gateway is going down. Subscribe again.", extensions={"code": AnswerCode.GOING_AWAY, "retryable": True}
)


class Framing(ABC):
    """The pieces of one body. `transport` is its name in metrics."""

    transport: ClassVar[str]
    content_type: str
    opening: bytes
    closing: bytes
    cut: bytes
    """What is sent instead of `closing` where the process ends before the stream does: clients subscribe again."""
    beat: bytes | None
    """What is sent when there is nothing to send, for proxies to see that the stream stands; None where nothing is."""

    @abstractmethod
    def piece(self, result: Result) -> bytes:
        """The next result."""


class Events(Framing):
    """Server-sent events, as the protocol graphql-sse has them: `next` for each result, then `complete`.

    Lines end with LF. A browser's EventSource passes on no event without data, so `complete` has an empty one. A stream
    that is cut just ends: upon that clients connect again, and upon `complete` they do not.
    """

    transport = "sse"
    content_type = "text/event-stream; charset=utf-8"
    opening = b":\n\n"
    closing = b"event: complete\ndata:\n\n"
    cut = b""
    beat = b":\n\n"

    def __init__(self, presenting: Presenting = payload) -> None:
        self._presenting = presenting

    def piece(self, result: Result) -> bytes:
        """A result as an event."""
        return b"event: next\ndata: " + encode(self._presenting(result)) + b"\n\n"


class Parts(Framing):
    """Parts of multipart/mixed: an operation's first result, and what is deferred as it comes."""

    transport = "multipart"
    beat: bytes | None = None
    _boundary = b"-"

    def __init__(self, presenting: Presenting = payload, specification: str = "incrementalSpec=v0.2") -> None:
        self._presenting = presenting
        self.content_type = f'multipart/mixed; boundary="{self._boundary.decode()}"; {specification}'
        self.opening = b"--" + self._boundary
        self.closing = self.cut = b"--\r\n"

    def piece(self, result: Result) -> bytes:
        """A result as a part."""
        return self._part(encode(self._presenting(result)))

    def _part(self, body: bytes) -> bytes:
        return (b"\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n%b\r\n--%b") % (
            len(body),
            body,
            self._boundary,
        )


class SubscriptionParts(Parts):
    """Parts of multipart/mixed as Apollo's clients and routers take a subscription: each result inside a `payload`.

    What is wrong with the transport stands beside it.
    """

    _boundary = b"graphql"

    def __init__(self) -> None:
        super().__init__(specification="subscriptionSpec=1.0")
        self.beat = self._part(b"{}")
        self.cut = self._part(encode({"payload": None, "errors": [_GOING_AWAY.formatted]})) + self.closing

    def piece(self, result: Result) -> bytes:
        """A result as a part."""
        return self._part(encode({"payload": self._presenting(result)}))


def framing(form: StreamForm) -> Framing:
    """A new stream's framing."""
    return _FRAMINGS[form]()


_FRAMINGS: Final[dict[StreamForm, Callable[[], Framing]]] = {
    StreamForm.EVENTS: Events,
    StreamForm.EVENTS_OF_2022: lambda: Events(AsOf2022().payload),
    StreamForm.SUBSCRIPTION_PARTS: SubscriptionParts,
    StreamForm.PARTS: Parts,
    StreamForm.PARTS_OF_2022: lambda: Parts(AsOf2022().payload, "deferSpec=20220824"),
}
