"""`ota-gateway audit`: the audit, out of the ledger and into files, for whoever keeps or searches it elsewhere."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from gateway.cli.output_file import OutputFile, words, written_to
from gateway.cli.refusing import DEFAULT_CONFIG, WRONG_USAGE, ConfigFile, refuse, settings_of
from gateway.cli.row_formats import Format, written

if TYPE_CHECKING:
    from gateway.domain.audit import AuditFilter

audit = typer.Typer(help="The audit: who asked for what, and what became of it.", no_args_is_help=True)


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
    output: OutputFile = None,
) -> None:
    """Write audit entries, oldest first, however many there are."""
    from gateway.domain.audit import AuditFilter  # noqa: PLC0415
    from gateway.domain.operations import Operation  # noqa: PLC0415
    from gateway.domain.outcomes import MutationOutcome  # noqa: PLC0415

    wanted = AuditFilter(
        backends=backend or None,
        actor=actor,
        operations=words(Operation, operation, "--operation"),
        outcomes=words(MutationOutcome, outcome, "--outcome"),
        after=_moment(since, "--since"),
        # What is written from now on is for the next export.
        before=_moment(until, "--until") or datetime.now(UTC),
    )
    settings = settings_of(config)
    import asyncio  # noqa: PLC0415 - slow to import

    from gateway.domain.errors import GatewayError  # noqa: PLC0415

    try:
        with written_to(output) as lines:
            number = asyncio.run(_export(settings.ledger.url, wanted, form, lines))
    except GatewayError as problem:
        refuse(problem.message)
    typer.echo(f"{number} entries", err=True)


async def _export(url: str, wanted: "AuditFilter", form: Format, lines: TextIO) -> int:
    from gateway.cli.audit_columns import COLUMNS, members  # noqa: PLC0415
    from gateway.ledger import Ledger  # noqa: PLC0415

    ledger = await Ledger.open(url, migrate=False)
    number = 0
    try:
        write = written(form, lines, COLUMNS)
        async for entry in ledger.every_entry(wanted):
            write(members(entry))
            number += 1
    finally:
        await ledger.aclose()
    return number


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        refuse(f"{option} {text} is no moment. Expected one such as 2026-01-31 or 2026-01-31T12:00:00Z.", WRONG_USAGE)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
