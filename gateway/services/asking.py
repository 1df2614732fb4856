"""Asking a backend on behalf of a caller: cached, within its deadline, and not twice in a request when it is dead.

A key names what is asked of a backend, never who asks: a backend is asked under its own credentials and no adapter gets
to know the caller, so an answer is the same for all, and one cache entry and one flight serve all. Should something of
a caller ever reach an adapter, it belongs into the keys that `ask` is given and into the snapshots' `filter_key`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.backends.cache import Answer
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError, Throttled, TimedOut, UnsupportedByVendor
from gateway.domain.operations import Operation
from gateway.services.caller import Caller, NotKept
from gateway.services.freshness import told

Value = TypeVar("Value")
# What keeps a list from being read anew, so that its last good answer may stand in.
CANNOT_BE_ASKED = (BackendUnavailable, Throttled)


async def ask(stack: BackendStack, caller: Caller, key: str, fetch: Callable[[], Awaitable[Value]]) -> Answer[Value]:
    """One read through the stack: what is kept at once, else as `remembering` does. May raise NotKept."""
    kept = None if caller.fresh else stack.peek(key, max_age=caller.max_age)
    if kept is not None:
        stack.sources.memory.count += 1
        told(caller, stack, kept.fetched_at)
        return kept
    if caller.kept_only:
        raise NotKept
    answer = await remembering(
        stack, caller, lambda: stack.read(key, fetch, fresh=caller.fresh, max_age=caller.max_age)
    )
    told(caller, stack, answer.fetched_at)
    return answer


async def ask_many(
    stack: BackendStack,
    caller: Caller,
    keys: Sequence[str],
    fetch: Callable[[Sequence[int]], Awaitable[Sequence[Value]]],
) -> list[Answer[Value]]:
    """As `ask`, for several things that one read tells: what is kept of them is not read again."""
    kept = [] if caller.fresh else [stack.peek(key, max_age=caller.max_age) for key in keys]
    answers = [answer for answer in kept if answer is not None]
    if len(answers) < len(keys):
        answers = await remembering(
            stack, caller, lambda: stack.read_many(keys, fetch, fresh=caller.fresh, max_age=caller.max_age)
        )
    else:
        stack.sources.memory.count += len(keys)
    for answer in answers:
        told(caller, stack, answer.fetched_at)
    return answers


async def ask_list(
    stack: BackendStack, caller: Caller, key: str, fetch: Callable[[], Awaitable[Value]]
) -> Answer[Value]:
    """As `ask`, for what shows in a list: while the backend cannot be asked, its last good answer, which says so.

    Never for a single object, and not for a caller who asked for a fresh answer or one of a certain age.
    """
    try:
        return await ask(stack, caller, key, fetch)
    except CANNOT_BE_ASKED as error:
        last = stack.last(key) if takes_stale(caller) else None
        if last is None:
            raise
        stack.sources.stale.count += 1
        told(caller, stack, last.fetched_at)
        return replace(last, stale=error)


def takes_stale(caller: Caller) -> bool:
    """Whether a caller is served what is older than it should be, where there is nothing else."""
    return not caller.fresh and caller.max_age is None


async def remembering(stack: BackendStack, caller: Caller, read: Callable[[], Awaitable[Value]]) -> Value:
    """Read, unless this backend let its time run out earlier in the same request: then it fails at once."""
    known = caller.down.get(stack.name)
    if known is not None:
        raise known
    try:
        return await read()
    except GatewayError as error:
        caller.freshness.over()
        if isinstance(error, TimedOut):
            caller.down.setdefault(stack.name, error)
        raise


def unsupported(stack: BackendStack, operation: Operation, target: str | None = None) -> UnsupportedByVendor:
    """The error for an operation that the vendor does not have, with what it has instead."""
    capability = stack.backend.capability(operation)
    note = capability.note or "the vendor has no such operation."
    return UnsupportedByVendor(
        f"{stack.manifest.title} cannot {operation.value}: {note}",
        operation=operation,
        alternatives=capability.alternatives,
        backend=stack.name,
        target=target,
    )
