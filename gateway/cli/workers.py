"""Several processes that serve one port: forked from this one, started again when they die, ended with it.

They are forked after everything is imported and the schema is built, which they share by memory, and before an event
loop, a thread or a connection exists. The first one starts alone: it brings the ledger up to date, and where none can
start it says why, once.
"""

import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog
import typer

from gateway.cli.shared_port import SharedPort

# What a worker has beyond its own bound, before it is killed.
_GRACE_SECONDS = 5.0
_LIVED = 60.0
_PAUSES = (0.1, 30.0)
# So long, connections that came to a worker which died wait for the next one.
_WAITED_FOR = 1.0
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
    """One process, whoever it is at the moment.

    `ready` is the file on which it says that it serves; `due` is when it is started again.
    """

    place: int
    pid: int = 0
    ready: int = -1
    serves: bool = False
    started: float = 0.0
    pause: float = _PAUSES[0]
    due: float | None = None


class Workers:
    """`number` processes that do `work` at a socket, until they are told to end; each ends `within` these seconds.

    `ended` is told the id of each that has.
    """

    def __init__(
        self,
        number: int,
        listener: socket.socket,
        work: Callable[[socket.socket, Lifeline], None],
        *,
        within: float,
        ended: Callable[[int], None],
    ) -> None:
        self._work = work
        self._tell_ended = ended
        self._within = within + _GRACE_SECONDS
        self._port = SharedPort(listener, number)
        self._workers = [_Worker(place) for place in range(number)]
        self._ending = False
        self._told = 0
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
            self._start(self._workers[0])
            while not self._ending:
                self._wait()
                self._end_of_any()
                if not self._ending:
                    self._start_due()
                    if not self._have_served and all(one.serves for one in self._workers):
                        self._have_served = True
                        begun()
            self._end_all()
        for end in (self._woken, waking, *self._held):
            os.close(end)
        self._files.close()
        self._port.close()
        return self._status

    # ------------------------------------------------------------------ one by one

    def _start(self, worker: _Worker) -> None:
        self._port.socket(worker.place)
        ready, serving = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self._be_worker(worker.place, serving)
        os.close(serving)
        worker.pid, worker.ready, worker.serves, worker.due = pid, ready, False, None
        worker.started = time.monotonic()
        self._files.register(ready, selectors.EVENT_READ, worker)

    def _be_worker(self, place: int, serving: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*_SIGNALS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for other in self._workers:
                if other.ready >= 0:
                    os.close(other.ready)
            self._files.close()
            parent, holding = self._held
            # While a worker held this end, the file would not end with the parent.
            os.close(holding)
            self._port.keep_only(place)
            self._work(self._port.socket(place), Lifeline(parent, serving))
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
        for worker in self._workers:
            fresh = not worker.pid and worker.due is None and self._workers[0].serves
            if fresh or (worker.due is not None and worker.due <= moment):
                self._start(worker)

    def _end_of_any(self) -> None:
        for worker in self._workers:
            if worker.pid:
                ended, state = os.waitpid(worker.pid, os.WNOHANG)
                if ended:
                    self._ended(worker, os.waitstatus_to_exitcode(state))

    def _ended(self, worker: _Worker, status: int) -> None:
        pid, worker.pid = worker.pid, 0
        self._forget_ready(worker)
        self._tell_ended(pid)
        if self._ending:
            return
        if not self._have_served and not worker.serves:
            # It has said why.
            self._ending, self._status = True, status if status > 0 else 1
            return
        if time.monotonic() - worker.started > _LIVED:
            worker.pause = _PAUSES[0]
        worker.due = time.monotonic() + worker.pause
        if worker.pause > _WAITED_FOR:
            self._port.leave(worker.place)
        _log.error("worker_died", pid=pid, status=status, next_in_seconds=worker.pause)
        worker.pause = min(2 * worker.pause, _PAUSES[1])

    def _end_all(self) -> None:
        until = time.monotonic() + self._within
        passed_on = 0
        while any(worker.pid for worker in self._workers):
            # Each wish is passed on; a worker tells by the time between them whether they are one.
            if passed_on < max(1, self._told):
                passed_on = max(1, self._told)
                self._signal_all(signal.SIGTERM)
            if time.monotonic() > until:
                for worker in self._workers:
                    if worker.pid:
                        _log.error("worker_killed", pid=worker.pid, after_seconds=self._within)
                self._signal_all(signal.SIGKILL)
                until += self._within
            self._wait(within=0.5)
            self._end_of_any()

    def _signal_all(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.pid:
                os.kill(worker.pid, number)

    # ------------------------------------------------------------------ waiting

    def _wait(self, within: float | None = None) -> None:
        dues = [worker.due for worker in self._workers if worker.due is not None]
        if within is None and dues:
            within = max(0.0, min(dues) - time.monotonic())
        for file, _ in self._files.select(within):
            if file.data is None:
                with suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            else:
                worker: _Worker = file.data
                worker.serves = bool(os.read(worker.ready, 1)) or worker.serves
                self._forget_ready(worker)

    def _forget_ready(self, worker: _Worker) -> None:
        if worker.ready >= 0:
            self._files.unregister(worker.ready)
            os.close(worker.ready)
            worker.ready = -1

    @contextmanager
    def _signals(self, waking: int) -> Iterator[None]:
        def end(*_: object) -> None:
            self._ending = True
            self._told += 1

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
