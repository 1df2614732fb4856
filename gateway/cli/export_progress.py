"""How far an export is, on standard error where that is a terminal: a line for each backend."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Shown(Protocol):
    """What an export tells while it goes on."""

    def begin(self, backend: str, expected: int | None) -> None:
        """A backend is asked; so many rows are to come, where that is known."""
        ...

    def rows(self, backend: str, number: int) -> None:
        """So many of its rows are written by now."""
        ...

    def end(self, backend: str, number: int, *, failed: bool) -> None:
        """There are no more."""
        ...


class _Nothing:
    def begin(self, backend: str, expected: int | None) -> None:
        """Say nothing."""

    def rows(self, backend: str, number: int) -> None:
        """Say nothing."""

    def end(self, backend: str, number: int, *, failed: bool) -> None:
        """Say nothing."""


class _Bars:
    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def begin(self, backend: str, expected: int | None) -> None:
        """Add a bar, which only wanders to and fro until its end is known."""
        self._bars[backend] = self._progress.add_task(backend, total=expected)

    def rows(self, backend: str, number: int) -> None:
        """Move its bar."""
        self._progress.update(self._bars[backend], completed=number)

    def end(self, backend: str, number: int, *, failed: bool) -> None:
        """Fill its bar, or mark it."""
        bar = self._bars[backend]
        if failed:
            self._progress.update(bar, description=f"[red]{backend} failed", completed=number)
            self._progress.stop_task(bar)
        else:
            self._progress.update(bar, total=max(number, 1), completed=max(number, 1))


@contextmanager
def shown(*, on_a_terminal: bool) -> Iterator[Shown]:
    """Bars while the block runs, or nothing."""
    if not on_a_terminal:
        yield _Nothing()
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=5) as progress:
        yield _Bars(progress)
