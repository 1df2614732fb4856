"""At once: the answer of a read that what is kept suffices for, with no task, future or turn of the event loop."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from gateway.services.caller import Caller, NotKept

Value = TypeVar("Value")


def only_kept(caller: Caller) -> Caller:
    """The same caller, who will not wait: a read that would ask a vendor raises NotKept instead."""
    return Caller(
        principal=caller.principal,
        fresh=caller.fresh,
        max_age=caller.max_age,
        kept_only=True,
        down=caller.down,
        denied=caller.denied,
        freshness=caller.freshness,
    )


def at_once(read: Coroutine[Any, Any, Value]) -> Value:
    """What a read, begun for a caller who `only_kept` is enough for, comes to. Raises NotKept, or what the read does.

    `read` is driven by hand and must not wait for anything else; one that does is given up, as not kept.
    """
    try:
        read.send(None)
    except StopIteration as done:
        value: Value = done.value
        return value
    read.close()
    raise NotKept
