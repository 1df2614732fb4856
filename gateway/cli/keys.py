"""`ota-gateway keys`: API keys for programs that call the gateway."""

from typing import Annotated

import typer

from gateway.cli.refusing import WRONG_USAGE, refuse

keys = typer.Typer(help="API keys.", no_args_is_help=True)


# A group of one command would lose the command's name.
@keys.callback()
def _group() -> None:
    pass


@keys.command("new")
def new_key(
    name: Annotated[str, typer.Argument(help="Whose key it is; the audit shows it as key:NAME.")],
    role: Annotated[list[str] | None, typer.Option(help="A role of auth.policies; may be given several times.")] = None,
    expires: Annotated[str | None, typer.Option(help="When it ends, such as 2026-12-31T00:00:00Z.")] = None,
) -> None:
    """Draw a key: show it once on standard output, and its line for auth.api_keys on standard error."""
    import json  # noqa: PLC0415 - kept from `--help`

    from pydantic import ValidationError  # noqa: PLC0415

    from gateway.auth.api_keys import digest_of, new_key  # noqa: PLC0415
    from gateway.auth.settings import ApiKeySettings  # noqa: PLC0415

    if not role:
        refuse("A key without a role may do nothing; give one with --role ROLE.", WRONG_USAGE)
    key = new_key()
    entry = {"name": name, "sha256": digest_of(key), "roles": role, **({} if expires is None else {"expires": expires})}
    try:
        ApiKeySettings.model_validate(entry)
    except ValidationError as problem:
        where, why = problem.errors()[0]["loc"][0], problem.errors()[0]["msg"].removeprefix("Value error, ")
        refuse(f"{where}: {why}", WRONG_USAGE)
    typer.echo(key)
    typer.echo(
        "The key stands above, and nowhere else: give it to the program that calls. The gateway needs its digest, "
        f"under auth.api_keys:\n\n  - {json.dumps(entry)}",
        err=True,
    )
