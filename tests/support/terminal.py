"""A command on a terminal: what a person sees of it, as it comes."""

import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

_ROWS, _COLUMNS = 40, 160


class Terminal:
    """What is on it, and the process that writes there. `shown` grows as `until` and `end` read."""

    def __init__(self, process: "subprocess.Popen[bytes]", side: int) -> None:
        self.process = process
        self.shown = ""
        self._side = side

    def until(self, text: str, within: float = 30.0) -> str:
        """Read until `text` is shown; gives what is shown by then."""
        ends = time.monotonic() + within
        while text not in self.shown:
            assert time.monotonic() < ends, f"{text!r} was never shown:\n{self.shown}"
            assert self._read() or text in self.shown, f"{text!r} was never shown:\n{self.shown}"
        return self.shown

    def end(self) -> int:
        """Read until the process ends; its exit status."""
        while self._read():
            pass
        return self.process.wait(30)

    def _read(self) -> bool:
        """Whether there may be more."""
        ready, _, _ = select.select([self._side], [], [], 0.5)
        if not ready:
            return self.process.poll() is None
        try:
            piece = os.read(self._side, 65536)
        except OSError:  # Linux says so when the process has closed the other side
            return False
        self.shown += piece.decode(errors="replace")
        return bool(piece)


@contextmanager
def on_a_terminal(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[Terminal]:
    """Start a command on a terminal of its own; `stdout` leads elsewhere what is no message. It is ended at the end."""
    own, side = pty.openpty()
    ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env={**environment, "TERM": "xterm"}, stdin=side, stderr=side,
        stdout=side if stdout is None else stdout,
    )  # fmt: skip
    os.close(side)
    try:
        yield Terminal(process, own)
    finally:
        process.kill()
        process.wait()
        os.close(own)
