"""How a command says no: in a sentence on standard error, with an exit status."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from gateway.settings import Settings

FAILED = 1
WRONG_USAGE = 2

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
DEFAULT_CONFIG = Path("gateway.yaml")


def refuse(message: str, status: int = FAILED) -> NoReturn:
    """Print and exit."""
    typer.echo(message, err=True)
    raise typer.Exit(status)


def settings_of(config: Path) -> "Settings":
    """The configuration, or an exit with all that is wrong with it."""
    from gateway.settings import ConfigurationError, load  # noqa: PLC0415 - pydantic is slow to import

    try:
        return load(config)
    except ConfigurationError as problem:
        refuse(str(problem))
