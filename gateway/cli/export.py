"""`ota-gateway export`: tasks and executions of all backends, out of the vendors and into files.

It exits 0 when all is there, 3 when some of it is missing, 1 when nothing could be read or written, 2 when it was asked
for wrongly. What is missing is told on standard error.
"""

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.cli.output_file import OutputFile, words, written_to
from gateway.cli.refusing import DEFAULT_CONFIG, FAILED, WRONG_USAGE, ConfigFile, refuse, settings_of
from gateway.cli.row_formats import Format, Write, written

if TYPE_CHECKING:
    from gateway.backends.registry import BackendRegistry
    from gateway.cli.export_progress import Shown
    from gateway.cli.exporting import Report, Wanted
    from gateway.domain.ids import ObjectId
    from gateway.settings import Settings

    Export = Callable[[BackendRegistry, Wanted, Write, Shown], Awaitable[Report]]

Answer = TypeVar("Answer")

_SOME_IS_MISSING = 3

export = typer.Typer(help="Tasks and executions of all backends, into files.", no_args_is_help=True)

_Form = Annotated[Format, typer.Option("--format", help="One JSON object a line, or a table.")]
_Backends = Annotated[list[str] | None, typer.Option("--backend", help="Only of this backend; repeatable.")]
_Statuses = Annotated[list[str] | None, typer.Option("--status", help="Only at this status; repeatable.")]


@export.command("tasks")
def export_tasks(
    config: ConfigFile = DEFAULT_CONFIG,
    form: _Form = Format.NDJSON,
    backend: _Backends = None,
    status: _Statuses = None,
    output: OutputFile = None,
) -> None:
    """Write all tasks, backend after backend, however many there are."""
    from gateway.domain.statuses import TaskStatus  # noqa: PLC0415

    chosen = words(TaskStatus, status, "--status")
    settings = settings_of(config)
    names = _known_backends(settings, backend)
    from gateway.cli import exporting  # noqa: PLC0415 - slow to import
    from gateway.cli.export_columns import TASK_COLUMNS  # noqa: PLC0415

    wanted = exporting.Wanted(backends=names, task_status=None if chosen is None else frozenset(chosen))
    _run(settings, exporting.export_tasks, wanted, form, TASK_COLUMNS, output, "tasks")


@export.command("executions")
def export_executions(
    config: ConfigFile = DEFAULT_CONFIG,
    form: _Form = Format.NDJSON,
    backend: _Backends = None,
    status: _Statuses = None,
    task: Annotated[list[str] | None, typer.Option(help="Only of the task of this id; repeatable.")] = None,
    output: OutputFile = None,
) -> None:
    """Write the executions of the tasks named, or of all tasks, however many there are."""
    from gateway.domain.statuses import ExecutionStatus  # noqa: PLC0415

    if task and backend:
        refuse("The id of a task tells its backend: give --task or --backend, not both.", WRONG_USAGE)
    chosen = words(ExecutionStatus, status, "--status")
    settings = settings_of(config)
    tasks = None if not task else _task_ids(settings, task)
    names = _known_backends(settings, backend) if tasks is None else [ref.backend for ref in tasks]
    from gateway.cli import exporting  # noqa: PLC0415 - slow to import
    from gateway.cli.export_columns import EXECUTION_COLUMNS  # noqa: PLC0415

    wanted = exporting.Wanted(
        backends=names, execution_status=None if chosen is None else frozenset(chosen), tasks=tasks
    )
    _run(settings, exporting.export_executions, wanted, form, EXECUTION_COLUMNS, output, "executions")


def _known_backends(settings: "Settings", given: Sequence[str] | None) -> list[str]:
    from gateway.settings.problems import suggestion  # noqa: PLC0415

    known = [backend.name for backend in settings.backends]
    for name in given or ():
        if name not in known:
            refuse(f"There is no backend {name}; {suggestion(name, known)}", WRONG_USAGE)
    return list(given or known)


def _task_ids(settings: "Settings", given: Sequence[str]) -> "list[ObjectId]":
    from gateway.domain.errors import InvalidInput  # noqa: PLC0415
    from gateway.domain.ids import Kind, decode  # noqa: PLC0415

    refs = []
    for text in given:
        try:
            refs.append(decode(text, Kind.TASK))
        except InvalidInput as problem:
            refuse(f"--task {text}: {problem.message}", WRONG_USAGE)
    _known_backends(settings, [ref.backend for ref in refs])
    return refs


def _run(
    settings: "Settings",
    rows: "Export",
    wanted: "Wanted",
    form: Format,
    columns: Sequence[str],
    output: Path | None,
    what: str,
) -> None:
    import asyncio  # noqa: PLC0415

    from gateway.app import opened_backends  # noqa: PLC0415
    from gateway.cli.export_progress import shown  # noqa: PLC0415
    from gateway.observability.logging import configure_logging  # noqa: PLC0415

    configure_logging("ERROR")
    # Rows and bars do not share a terminal.
    bars = sys.stderr.isatty() and (output is not None or not sys.stdout.isatty())
    with written_to(output) as lines:
        write = written(form, lines, columns)

        async def export_all() -> "Report":
            with shown(on_a_terminal=bars) as progress:
                async with opened_backends(settings) as registry:
                    return await rows(registry, wanted, write, progress)

        report = asyncio.run(export_all())
        for backend, note in report.skipped:
            typer.echo(f"{backend} is left out. {note}", err=True)
        for backend, note in report.missing:
            typer.echo(f"Missing of {backend}: {note}", err=True)
        if report.nothing_was_read:
            raise typer.Exit(FAILED)
    told = f"{report.rows:,} {what} of {report.backends} backends"
    typer.echo(f"{told}, but not all" if report.missing else told, err=True)
    if report.missing:
        raise typer.Exit(_SOME_IS_MISSING)
