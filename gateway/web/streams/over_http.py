"""StreamsOverHttp: which operations are answered by a stream over HTTP, and the answer.

What is one result goes as JSON wherever the client takes JSON: a client may name a stream with every request, and
mean it for those operations that need one.
"""

from typing import Final

from starlette.types import Scope
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.web.graphql_request import GraphQLRequest
from gateway.web.negotiation import AcceptedStreams, StreamForm
from gateway.web.open_streams import OpenStreams
from gateway.web.streams.answer import StreamedAnswer
from gateway.web.streams.framing import framing
from gateway.web.streams.operations import Operations, Result, Results

_SUBSCRIPTION: Final = OperationType.SUBSCRIPTION


class StreamsOverHttp:
    """The streams of one endpoint. `heartbeat` is how many seconds a stream may be silent."""

    def __init__(self, operations: Operations, streams: OpenStreams, *, heartbeat: float) -> None:
        self._operations = operations
        self._streams = streams
        self._heartbeat = heartbeat

    def form_for(
        self, scope: Scope, wanted: GraphQLRequest, accepted: AcceptedStreams, *, takes_json: bool
    ) -> StreamForm | None:
        """The form in which an operation is streamed; None where it is answered, or refused, in JSON.

        The caller is known. Raises TooManyRequests.
        """
        self._operations.admit(scope["principal"])
        if self.subscribes(wanted):
            return accepted.of_subscription
        if not takes_json:
            return accepted.in_parts
        return accepted.in_parts if self._operations.delays(wanted) else None

    def subscribes(self, wanted: GraphQLRequest) -> bool:
        """Whether an operation is a subscription."""
        return self._operations.kind_of(wanted) is _SUBSCRIPTION

    async def answer(
        self, scope: Scope, context: object, wanted: GraphQLRequest, form: StreamForm, *, takes_json: bool
    ) -> StreamedAnswer | ExecutionResult:
        """The stream, or the one result that there is, where it may as well go as JSON. The caller is known.

        Raises InvalidOperationTypeError for a mutation by GET, and what beginning an operation raises.
        """
        kind = self._operations.kind_of(wanted)
        if kind is OperationType.MUTATION and scope["method"] == "GET":
            raise InvalidOperationTypeError(kind)
        results = await self._operations.begin(scope["principal"], context, wanted)
        if takes_json and kind is not _SUBSCRIPTION:
            first = await _first_of(results)
            if isinstance(first, ExecutionResult):
                await results.aclose()
                return first
            results = _with_first(first, results)
        return StreamedAnswer(
            results, framing(form), self._streams, told_to_end=kind is _SUBSCRIPTION, heartbeat=self._heartbeat
        )


def meant(scope: Scope) -> Scope:
    """The request as it is meant.

    A browser's EventSource says `Cache-Control: no-cache` whatever the page wants, so that no cache answers in place of
    the server. It is no wish to read past what the gateway keeps.
    """
    if scope["method"] != "GET":
        return scope
    return {**scope, "headers": [one for one in scope["headers"] if one[0] != b"cache-control"]}


async def _first_of(results: Results) -> Result:
    try:
        return await anext(results)
    except BaseException:
        await results.aclose()
        raise


async def _with_first(first: Result, others: Results) -> Results:
    try:
        yield first
        async for result in others:
            yield result
    finally:
        await others.aclose()
