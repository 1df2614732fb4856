"""Prints: an object's answer to one selection as JSON text, kept with the object once it is shown a second time.

What stands in a cached list is shown again and again, to many callers, in the same few selections. An object that lets
others keep a memo (`hints.MEMO`) does not change any more, so its text is good for as long as the object lives; it goes
with it. An object seen once is only marked, so that what is never cached costs nothing more.
"""

from typing import Any, Final

import orjson

from gateway.plans.hints import MEMO
from gateway.plans.leaves import ENCODING

_MOST_PRINTS: Final = 4
# A document that comes once, with a page of rows, has nothing kept for it.
_WORTH_PRINTING: Final = 100
SEEN: Final = ()
"""The memo of an object that was shown once."""


def keeps_memo(kind: type) -> bool:
    """Whether objects of a class let others keep a memo with them."""
    return hasattr(kind, MEMO)


class Selected:
    """One selection of objects of one kind: the key of what they print as. `asked` counts the answers not kept."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        self.asked = 0


def printed(shown: Any, memo: Any, key: Selected, answer: dict[str, Any]) -> Any:
    """The answer of the object `shown`, as text if it was seen before, which is then kept in its memo under `key`."""
    if memo is None:
        setattr(shown, MEMO, SEEN)
        return answer
    if key.asked < _WORTH_PRINTING:
        key.asked += 1
        return answer
    text = orjson.Fragment(orjson.dumps(answer, option=ENCODING))
    if memo is SEEN or len(memo) >= _MOST_PRINTS:
        memo = {}
        setattr(shown, MEMO, memo)
    memo[key] = text
    return text
