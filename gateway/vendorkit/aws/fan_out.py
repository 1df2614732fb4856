"""Several calls side by side, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")
Other = TypeVar("Other")

AT_ONCE = 4


async def fan_out(calls: Sequence[Callable[[], Awaitable[Result]]], *, at_once: int = AT_ONCE) -> list[Result]:
    """The results in the order of `calls`. The first failure stops the rest and is raised as it came."""
    free = asyncio.Semaphore(at_once)

    async def run(call: Callable[[], Awaitable[Result]]) -> Result:
        async with free:
            return await call()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(call)) for call in calls]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def both(one: Coroutine[Any, Any, Result], other: Coroutine[Any, Any, Other]) -> tuple[Result, Other]:
    """The results of two calls made side by side. The first failure stops the other and is raised as it came."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tasks[0].result(), tasks[1].result()
