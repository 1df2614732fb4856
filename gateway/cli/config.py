"""`ota-gateway config`: the shape of the configuration file, for editors."""

import json

import typer

config = typer.Typer(help="The configuration file.", no_args_is_help=True)


# A group of one command would lose the command's name.
@config.callback()
def _group() -> None:
    pass


@config.command("schema")
def print_config_schema() -> None:
    """Print the JSON Schema of the configuration file."""
    from gateway.settings import config_schema  # noqa: PLC0415 - pydantic is slow to import

    typer.echo(json.dumps(config_schema(), indent=2))
