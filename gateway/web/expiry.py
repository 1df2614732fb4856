"""A stream ends with the credentials that opened it, in an error that says so."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

from strawberry.types.execution import ExecutionResult

from gateway.auth import Principal
from gateway.web.graphql_errors import refused
from gateway.web.identity import CODE, EXPIRED


def has_expired(principal: Principal) -> bool:
    """Whether the credentials have ended since they were judged."""
    return principal.expires_at is not None and principal.expires_at <= time.time()


async def until_expiry(principal: Principal, results: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """The results, until the credentials end. Closes `results` with itself."""
    ends = principal.expires_at
    loop = asyncio.get_running_loop()
    until = None if ends is None else loop.time() + max(0.0, ends - time.time())
    try:
        while True:
            try:
                async with asyncio.timeout_at(until):
                    result = await anext(results)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if until is None or loop.time() < until:
                    raise
                yield ExecutionResult(data=None, errors=[refused(EXPIRED, CODE)])
                return
            yield result
    finally:
        await results.aclose()
