"""An event loop whose clock skips the waits: an hour of pauses takes as long as what happens in it.

Nothing that waits for the outside world, a socket or a thread, may run on it.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Value = TypeVar("Value")

_A_TURN = 1e-6


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting, moves the clock on."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("Everybody waits for something that nobody will do.")
        # Each turn of the loop takes a little, as it does anywhere: what asks for less than the clock shows would spin.
        self.skipped += _A_TURN if found else max(timeout or 0.0, _A_TURN)
        return found


class SkippedTime(asyncio.SelectorEventLoop):
    """The loop. Its clock begins at 1000 seconds and moves by the waits, and a microsecond with every turn."""

    def __init__(self) -> None:
        self._no_waiting = _NoWaiting()
        super().__init__(self._no_waiting)

    def time(self) -> float:
        return 1000.0 + self._no_waiting.skipped


def in_skipped_time(main: Callable[[Callable[[], float]], Coroutine[Any, Any, Value]]) -> Value:
    """Run `main`, given the clock, to its end."""
    with asyncio.Runner(loop_factory=SkippedTime) as runner:
        return runner.run(main(runner.get_loop().time))
