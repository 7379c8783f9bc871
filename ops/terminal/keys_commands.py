"""The commands `lantern keys`."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ops.machine.stack import running
from ops.steps import console
from ops.terminal import keys
from warehouse import datasets as manifests

app = typer.Typer(no_args_is_help=True, help="API keys of products.")

DatasetArgument = Annotated[str, typer.Argument(help="name of a manifest in datasets/")]
NameArgument = Annotated[str, typer.Argument(help="name of the product")]


@app.command("add")
def add_key(
    dataset: DatasetArgument,
    name: NameArgument,
    scope: Annotated[list[str], typer.Option(help="read, feedback or operate; repeatable")],
) -> None:
    """Create a key and print it to standard output, once. It replaces a key of the same name."""
    typer.echo(keys.add(running(), manifests.load_named(dataset).name, name, scope))
    scopes = ", ".join(sorted({*scope}))
    typer.echo(f"{dataset}: key of {name}, scopes: {scopes}. The key is not stored.", err=True)


@app.command("list")
def list_keys(dataset: DatasetArgument) -> None:
    """List the names, scopes and creation times of a data set's keys."""
    table = Table("name", "scopes", "created (UTC)", box=None)
    for key in keys.every(running(), manifests.load_named(dataset).name):
        created = f"{key.created_at:%Y-%m-%d %H:%M}"
        table.add_row(escape(key.name), ", ".join(sorted(key.scopes)), created)
    console.print(table)


@app.command("revoke")
def revoke_key(dataset: DatasetArgument, name: NameArgument) -> None:
    """Revoke a key. The API may accept it for another 30 seconds."""
    keys.revoke(running(), manifests.load_named(dataset).name, name)
    console.print(f"{dataset}: the key of {name} is revoked.")
