"""What other caches may do with an answer: nothing, or keep it as long as the gateway itself would give it out.

Reads without errors may be kept by browsers (`private` where callers are known, for they may see different things),
routers and caches in front: `max-age` is the time that the oldest part of the answer has left. Once that is over, or
where the answer shows something of this very moment, it has to be asked for again; for a GET an ETag makes that
cheap. Everything else is `no-store`.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

NO_STORE = "no-store"

SecondsFresh = Callable[[object], int]
"""Tells from the context of a request for how many seconds its answer is as good as a new one; 0 for not at all."""


def this_moment_only(_: object) -> int:
    """Of a schema that tells nothing of it."""
    return 0


@lru_cache(maxsize=256)
def cache_control(seconds: int, *, private: bool) -> str:
    """The header for a read that was answered without errors."""
    return f"{'private' if private else 'public'}, {f'max-age={seconds}' if seconds else 'no-cache'}"


def entity_tag(body: bytes) -> str:
    """A weak one: the same answer may be sent compressed or not."""
    return f'W/"{blake2b(body, digest_size=12).hexdigest()}"'


def has_it(if_none_match: str | None, tag: str) -> bool:
    """Whether the client already holds the answer of this tag."""
    if if_none_match is None:
        return False
    held = [one.strip() for one in if_none_match.split(",")]
    return "*" in held or tag.removeprefix("W/") in {one.removeprefix("W/") for one in held}
