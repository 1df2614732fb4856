"""`ota-gateway schema`: the GraphQL schema as text, and whether the file of the repository still says the same."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.refusing import FAILED, refuse

schema = typer.Typer(help="The GraphQL schema.", no_args_is_help=True)


def _text() -> str:
    from gateway.schema.root import build_schema  # noqa: PLC0415 - slow to import

    return build_schema().as_str().strip() + "\n"


@schema.command("print")
def print_schema() -> None:
    """Print the schema."""
    typer.echo(_text(), nl=False)


@schema.command("check")
def check_schema(
    file: Annotated[Path, typer.Option(help="The file to compare with.")] = Path("schema.graphql"),
) -> None:
    """Compare the schema with a file; print the difference and exit 1 if there is any."""
    try:
        kept = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        refuse(f"{file} cannot be read ({type(problem).__name__}). Write it: ota-gateway schema print > {file}")
    current = _text()
    if kept == current:
        typer.echo(f"{file} is what the code says.")
        return
    difference = difflib.unified_diff(
        kept.splitlines(keepends=True), current.splitlines(keepends=True), str(file), "the code"
    )
    typer.echo("".join(difference), nl=False)
    refuse(f"{file} is not what the code says. Write it again: ota-gateway schema print > {file}", FAILED)
