"""Erase users from the terminal: from Postgres as its owner, then from the lake."""

from collections.abc import Collection
from typing import Annotated

import typer

from ops.machine import database, environment
from ops.machine.stack import Stack, running
from ops.terminal.releases import actor
from serving.acts import access
from serving.users import accounts, erasures
from warehouse import datasets as manifests


def command(
    dataset: Annotated[str, typer.Option(help="name of a manifest in datasets/")],
    user: Annotated[list[str] | None, typer.Option(help="id of a user; repeatable")] = None,
    *,
    now: Annotated[bool, typer.Option("--now", help="remove old files at once")] = False,
) -> None:
    """Erase the users of --user, and all who were erased through the API, from the lake.

    Users of --user are erased from Postgres first. --now removes old files of the lake at once; no
    DAG of the data set may run meanwhile.
    """
    name = manifests.load_named(dataset).name
    raise typer.Exit(code=0 if erase(running(), name, user or (), now=now) else 1)


def erase(stack: Stack, dataset: str, user_ids: Collection[str], *, now: bool) -> bool:
    """Erase these users and those on the list; return whether the job succeeded.

    Rows of listed users that a restored backup has brought back to Postgres are deleted again. With
    `now`, old files of the lake are removed at once.
    """
    owner = stack.server.url("lantern", database.OWNER, stack.secrets.of(database.OWNER))
    with database.transaction(owner, dataset) as session:
        connection = session.connection()
        for user_id in sorted({*user_ids}):
            erasure = accounts.erase(connection, user_id, requested_by=actor())
            access.record_erasure(connection, user_id, erasure, actor=actor())
        erasures.delete_everywhere(connection)
    role = database.PUBLISHER
    url = stack.server.url("lantern", role, stack.secrets.of(role))
    command = ["jobs.erase", "--dataset", dataset, *(["--now"] if now else [])]
    serving = {"SERVING_DATABASE_URL": url}
    return environment.run_job(stack.settings, command, variables=serving).returncode == 0
