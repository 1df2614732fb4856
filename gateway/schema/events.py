"""The events of a subscription: each read anew, and a failure told in the last one."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

from gateway.domain.errors import GatewayError
from gateway.schema.context import RequestContext

Event = TypeVar("Event")


async def events(context: RequestContext, source: AsyncIterator[Event]) -> AsyncIterator[Event | Exception]:
    """Pass on what `source` yields. A GatewayError it raises becomes the last event: an answer with that error.

    `source` is closed as soon as nobody listens any more.
    """
    try:
        async for event in source:
            context.forget()
            yield event
    except GatewayError as problem:
        yield problem
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()
