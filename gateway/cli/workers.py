"""Several processes that serve one socket: forked from this one, started again when they die, ended with it.

They are forked after everything is imported and the schema is built, which they share by memory, and before an event
loop, a thread or a connection exists. The first one starts alone: it brings the ledger up to date, and where none can
start it says why, once.
"""

import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog
import typer

# A worker's own drain and the end of its changes under way, before it is killed.
_ENDING_SECONDS = 30.0
_LIVED = 60.0
_PAUSES = (0.1, 30.0)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_log = structlog.get_logger(__name__)


class Lifeline:
    """What a worker has of its parent: a file that ends with it, however it ends, and one to say that it serves."""

    def __init__(self, parent: int, ready: int) -> None:
        self.parent = parent
        self._ready = ready

    def serves(self) -> None:
        """Requests are answered from here on."""
        os.write(self._ready, b".")


@dataclass(slots=True)
class _Worker:
    """One place. `ready` is the file on which it says that it serves; `due` is when it is started again."""

    pid: int = 0
    ready: int = -1
    serves: bool = False
    started: float = 0.0
    pause: float = _PAUSES[0]
    due: float | None = None


class Workers:
    """`number` processes that do `work`, which returns when the worker is told to end."""

    def __init__(self, number: int, work: Callable[[Lifeline], None]) -> None:
        self._work = work
        self._places = [_Worker() for _ in range(number)]
        self._ending = False
        self._status = 0
        self._have_served = False

    def run(self, begun: Callable[[], None]) -> int:
        """Keep them running until told to end; the exit status. `begun` is called once all of them serve."""
        self._woken, waking = os.pipe()
        self._held = os.pipe()
        self._files = selectors.DefaultSelector()
        self._files.register(self._woken, selectors.EVENT_READ)
        for end in (self._woken, waking):
            os.set_blocking(end, False)
        with self._signals(waking):
            self._start(self._places[0])
            while not self._ending:
                self._wait()
                self._end_of_any()
                if not self._ending:
                    self._start_due()
                    if not self._have_served and all(one.serves for one in self._places):
                        self._have_served = True
                        begun()
            self._end_all()
        for end in (self._woken, waking, *self._held):
            os.close(end)
        self._files.close()
        return self._status

    # ------------------------------------------------------------------ one by one

    def _start(self, place: _Worker) -> None:
        ready, serving = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self._be_worker(serving)
        os.close(serving)
        place.pid, place.ready, place.serves, place.due = pid, ready, False, None
        place.started = time.monotonic()
        self._files.register(ready, selectors.EVENT_READ, place)

    def _be_worker(self, serving: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*_SIGNALS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for other in self._places:
                if other.ready >= 0:
                    os.close(other.ready)
            self._files.close()
            parent, holding = self._held
            # While a worker held this end, the file would not end with the parent.
            os.close(holding)
            self._work(Lifeline(parent, serving))
            status = 0
        except typer.Exit as leaving:
            status = leaving.exit_code
        except BaseException:  # noqa: BLE001 - a worker must never go on as if it were the parent
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _start_due(self) -> None:
        moment = time.monotonic()
        for place in self._places:
            fresh = not place.pid and place.due is None and self._places[0].serves
            if fresh or (place.due is not None and place.due <= moment):
                self._start(place)

    def _end_of_any(self) -> None:
        for place in self._places:
            if place.pid:
                ended, state = os.waitpid(place.pid, os.WNOHANG)
                if ended:
                    self._ended(place, os.waitstatus_to_exitcode(state))

    def _ended(self, place: _Worker, status: int) -> None:
        pid, place.pid = place.pid, 0
        self._forget_ready(place)
        if self._ending:
            return
        if not self._have_served and not place.serves:
            # It has said why.
            self._ending, self._status = True, status if status > 0 else 1
            return
        if time.monotonic() - place.started > _LIVED:
            place.pause = _PAUSES[0]
        place.due = time.monotonic() + place.pause
        _log.error("worker_died", pid=pid, status=status, next_in_seconds=place.pause)
        place.pause = min(2 * place.pause, _PAUSES[1])

    def _end_all(self) -> None:
        for place in self._places:
            if place.pid:
                os.kill(place.pid, signal.SIGTERM)
        until = time.monotonic() + _ENDING_SECONDS
        while any(place.pid for place in self._places):
            if time.monotonic() > until:
                for place in self._places:
                    if place.pid:
                        _log.error("worker_killed", pid=place.pid, after_seconds=_ENDING_SECONDS)
                        os.kill(place.pid, signal.SIGKILL)
                until += _ENDING_SECONDS
            self._wait(within=0.5)
            self._end_of_any()

    # ------------------------------------------------------------------ waiting

    def _wait(self, within: float | None = None) -> None:
        dues = [place.due for place in self._places if place.due is not None]
        if within is None and dues:
            within = max(0.0, min(dues) - time.monotonic())
        for file, _ in self._files.select(within):
            if file.data is None:
                with suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            else:
                place: _Worker = file.data
                place.serves = bool(os.read(place.ready, 1)) or place.serves
                self._forget_ready(place)

    def _forget_ready(self, place: _Worker) -> None:
        if place.ready >= 0:
            self._files.unregister(place.ready)
            os.close(place.ready)
            place.ready = -1

    @contextmanager
    def _signals(self, waking: int) -> Iterator[None]:
        def end(*_: object) -> None:
            self._ending = True

        before = {number: signal.signal(number, end) for number in _SIGNALS}
        # Without a handler nothing would be written to wake us.
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
