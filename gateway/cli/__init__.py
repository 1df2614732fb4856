"""The command line, `ota-gateway`: one file per command. Commands import what they need when they run."""

import typer

from gateway.cli.audit import audit
from gateway.cli.check import check
from gateway.cli.config import config
from gateway.cli.demo import demo
from gateway.cli.export import export
from gateway.cli.keys import keys
from gateway.cli.ledger import ledger
from gateway.cli.schema import schema
from gateway.cli.serve import serve
from gateway.cli.simulate import simulate

app = typer.Typer(
    name="ota-gateway",
    help="One GraphQL API over every cloud that updates your devices.",
    no_args_is_help=True,
    add_completion=False,
    # Its tracebacks print local variables, and with them secrets.
    pretty_exceptions_enable=False,
    # Boxes around the help take as long to import as all the rest.
    rich_markup_mode=None,
)
app.command()(demo)
app.command()(serve)
app.command()(check)
app.command()(simulate)
app.add_typer(schema, name="schema")
app.add_typer(config, name="config")
app.add_typer(ledger, name="ledger")
app.add_typer(audit, name="audit")
app.add_typer(export, name="export")
app.add_typer(keys, name="keys")


def main() -> None:
    """Run the command named on the command line."""
    app()
