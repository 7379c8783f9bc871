"""The commands `lantern keys`. Creations and revocations are audited."""

import re
from collections.abc import Sequence
from typing import Annotated, get_args

import typer
from rich.markup import escape
from rich.table import Table

from ops.errors import OpsError
from ops.steps import console
from ops.terminal.acts import acting
from ops.terminal.operator_commands import DirectOption, UserOption
from serving.schemas import KeyScope

app = typer.Typer(no_args_is_help=True, help="API keys of products.")

SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

DatasetArgument = Annotated[str, typer.Argument(help="name of a manifest in datasets/")]
NameArgument = Annotated[str, typer.Argument(help="name of the product")]
ReasonOption = Annotated[str, typer.Option("--reason", help="why; kept in the audit")]


@app.command("add")
def add_key(
    dataset: DatasetArgument,
    name: NameArgument,
    scope: Annotated[
        list[str], typer.Option(help="read, feedback, catalogue or operate; repeatable")
    ],
    reason: ReasonOption = "",
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """Create a key and print it to standard output, once. It replaces a key of the same name."""
    _check_name(name)
    granted = _granted(scope)
    with acting(dataset, user=user, direct=direct) as acts:
        is_replaced = name in {key.name for key in acts.api_keys()}
        created = acts.create_key(name, granted, reason=reason)
    typer.echo(created.key)
    if is_replaced:
        typer.echo(f"It replaces the key that {name} had, which works no longer.", err=True)
    scopes = ", ".join(sorted(created.scopes))
    typer.echo(f"{dataset}: key of {name}, scopes: {scopes}. The key is not stored.", err=True)


@app.command("list")
def list_keys(
    dataset: DatasetArgument, user: UserOption = None, *, direct: DirectOption = False
) -> None:
    """List the names, scopes and creation times of a data set's keys."""
    table = Table("name", "scopes", "created (UTC)", box=None)
    with acting(dataset, user=user, direct=direct) as acts:
        keys = acts.api_keys()
    for key in keys:
        created = f"{key.created_at:%Y-%m-%d %H:%M}"
        table.add_row(escape(key.name), ", ".join(sorted(key.scopes)), created)
    console.print(table)


@app.command("revoke")
def revoke_key(
    dataset: DatasetArgument,
    name: NameArgument,
    reason: ReasonOption = "",
    user: UserOption = None,
    *,
    direct: DirectOption = False,
) -> None:
    """Revoke a key. With --direct the API may accept it for another 30 seconds."""
    with acting(dataset, user=user, direct=direct) as acts:
        acts.revoke_key(name, reason=reason)
    console.print(f"{dataset}: the key of {name} is revoked.")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise OpsError(f"invalid key name {name!r}: up to 64 letters, digits, `.`, `_` and `-`")


def _granted(scopes: Sequence[str]) -> list[KeyScope]:
    granted = [scope for scope in SCOPES if scope in scopes]
    if not granted or not {*scopes} <= {*SCOPES}:
        sent = ", ".join(scopes) or "none"
        raise OpsError(f"invalid scopes: {sent}. Choose from {', '.join(SCOPES)}")
    return granted
