"""`ota-gateway ledger`: the database of audit entries, brought up to date before the gateway starts."""

import typer

from gateway.cli.refusing import DEFAULT_CONFIG, ConfigFile, refuse, settings_of

ledger = typer.Typer(help="The ledger: audit entries, idempotency keys, tombstones.", no_args_is_help=True)


# A group of one command would lose the command's name.
@ledger.callback()
def _group() -> None:
    pass


@ledger.command("migrate")
def migrate_ledger(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Bring the ledger's tables up to date."""
    settings = settings_of(config)
    import asyncio  # noqa: PLC0415 - slow to import

    from gateway.domain.errors import GatewayError  # noqa: PLC0415
    from gateway.ledger import migrate  # noqa: PLC0415

    try:
        asyncio.run(migrate(settings.ledger.url))
    except GatewayError as problem:
        refuse(problem.message)
    typer.echo("The ledger is up to date.")
