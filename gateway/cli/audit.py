"""`ota-gateway audit`: the audit, out of the ledger and into files, for whoever keeps or searches it elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, TypeVar

import typer

from gateway.cli.refusing import DEFAULT_CONFIG, WRONG_USAGE, ConfigFile, refuse, settings_of

if TYPE_CHECKING:
    from gateway.domain.audit import AuditFilter

Word = TypeVar("Word", bound=StrEnum)

audit = typer.Typer(help="The audit: who asked for what, and what became of it.", no_args_is_help=True)


class Format(StrEnum):
    """ndjson: one JSON object a line. csv: a header and one row an entry, lists and objects as JSON in their cells."""

    NDJSON = "ndjson"
    CSV = "csv"


# A group of one command would lose the command's name.
@audit.callback()
def _group() -> None:
    pass


@audit.command("export")
def export_audit(
    config: ConfigFile = DEFAULT_CONFIG,
    form: Annotated[Format, typer.Option("--format", help="One JSON object a line, or a table.")] = Format.NDJSON,
    since: Annotated[str | None, typer.Option(help="Entries from this moment on, as 2026-01-31T12:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Entries before this moment; now, unless given.")] = None,
    backend: Annotated[list[str] | None, typer.Option(help="Only of this backend; repeatable.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this one asked for.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only this operation; repeatable.")] = None,
    outcome: Annotated[list[str] | None, typer.Option(help="Only with this outcome; repeatable.")] = None,
    output: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
) -> None:
    """Write audit entries, oldest first, however many there are."""
    from gateway.domain.audit import AuditFilter  # noqa: PLC0415
    from gateway.domain.operations import Operation  # noqa: PLC0415
    from gateway.domain.outcomes import MutationOutcome  # noqa: PLC0415

    wanted = AuditFilter(
        backends=backend or None,
        actor=actor,
        operations=_words(Operation, operation, "--operation"),
        outcomes=_words(MutationOutcome, outcome, "--outcome"),
        after=_moment(since, "--since"),
        # What is written from now on is for the next export.
        before=_moment(until, "--until") or datetime.now(UTC),
    )
    settings = settings_of(config)
    import asyncio  # noqa: PLC0415 - slow to import

    from gateway.domain.errors import GatewayError  # noqa: PLC0415

    try:
        with _written_to(output) as lines:
            number = asyncio.run(_export(settings.ledger.url, wanted, form, lines))
    except GatewayError as problem:
        refuse(problem.message)
    except BrokenPipeError:
        # Whoever reads has seen enough. The interpreter would complain of it once more at its end.
        sys.stderr.close()
        raise typer.Exit from None
    except OSError as problem:
        refuse(f"The export cannot be written to {output or 'standard output'}: {problem.strerror}.")
    typer.echo(f"{number} entries", err=True)


async def _export(url: str, wanted: "AuditFilter", form: Format, lines: TextIO) -> int:
    from gateway.cli.audit_formats import written  # noqa: PLC0415
    from gateway.ledger import Ledger  # noqa: PLC0415

    ledger = await Ledger.open(url, migrate=False)
    number = 0
    try:
        write = written(form.value, lines)
        async for entry in ledger.every_entry(wanted):
            write(entry)
            number += 1
        lines.flush()
    finally:
        await ledger.aclose()
    return number


@contextmanager
def _written_to(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that bears its name only once it is whole."""
    if output is None:
        yield sys.stdout
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as lines:
            yield lines
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _words(kind: type[Word], given: Sequence[str] | None, option: str) -> list[Word] | None:
    known = {one.value: one for one in kind}
    for word in given or ():
        if word not in known:
            refuse(f"{option} {word} is not known. Expected one of {', '.join(known)}.", WRONG_USAGE)
    return [known[word] for word in given] if given else None


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        refuse(f"{option} {text} is no moment. Expected one such as 2026-01-31 or 2026-01-31T12:00:00Z.", WRONG_USAGE)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
