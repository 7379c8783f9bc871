"""`lantern keys`: who may ask the API."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ops.machine.stack import running
from ops.steps import console
from warehouse import datasets as manifests

app = typer.Typer(no_args_is_help=True, help="The keys with which products ask the API.")

DatasetArgument = Annotated[str, typer.Argument(help="name of a manifest in datasets/")]
NameArgument = Annotated[str, typer.Argument(help="whose key: the product's name")]


@app.command("add")
def add_key(
    dataset: DatasetArgument,
    name: NameArgument,
    scope: Annotated[list[str], typer.Option(help="read, feedback or operate; more if you like")],
) -> None:
    """Make a key and show it this once, alone on standard output. An older one of its name ends."""
    from ops.terminal import keys

    typer.echo(keys.add(running(), manifests.load_named(dataset).name, name, scope))
    typer.echo(f"{dataset}: {name} may {', '.join(sorted({*scope}))}. Kept nowhere.", err=True)


@app.command("list")
def list_keys(dataset: DatasetArgument) -> None:
    """Who has a key of a data set, what it may do, and since when; never the key itself."""
    from ops.terminal import keys

    table = Table("name", "may", "since", box=None)
    for key in keys.every(running(), manifests.load_named(dataset).name):
        since = f"{key.created_at:%Y-%m-%d %H:%M}"
        table.add_row(escape(key.name), ", ".join(sorted(key.scopes)), since)
    console.print(table)


@app.command("revoke")
def revoke_key(dataset: DatasetArgument, name: NameArgument) -> None:
    """Let a key open nothing any more; the API notices within half a minute."""
    from ops.terminal import keys

    keys.revoke(running(), manifests.load_named(dataset).name, name)
    console.print(f"{dataset}: {name} has no key any more.")
