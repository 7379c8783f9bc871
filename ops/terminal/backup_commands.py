"""The commands `lantern backup` and `lantern restore`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ops import settings
from ops.backup import backups
from ops.backup.backups import Files
from ops.machine.stack import running
from ops.steps import console, duration

SecretsOption = Annotated[
    Path | None,
    typer.Option("--secrets", help="file of the passwords and keys; keep it in another place"),
]


def backup(
    file: Annotated[Path, typer.Argument(help="file to write")], secrets: SecretsOption = None
) -> None:
    """Write lake, Postgres and manifests into one file, while the platform runs."""
    begun, stack = time.monotonic(), running()
    backups.back_up(stack.settings, stack.server, Files(file, secrets))
    size = file.stat().st_size / 1e6
    console.print(f"{file}: {size:,.0f} MB ({duration(time.monotonic() - begun)}).", markup=False)
    if secrets is None:
        console.print("Passwords and keys are not in it: a restore makes new ones.")


def restore(
    file: Annotated[Path, typer.Argument(help="file of `lantern backup`")],
    secrets: SecretsOption = None,
) -> None:
    """Make an empty installation from a backup. Then `lantern up` starts it."""
    begun, chosen = time.monotonic(), settings.read()
    about = backups.restore(chosen, Files(file, secrets))
    took = duration(time.monotonic() - begun)
    console.print(
        f"{chosen.folder} is as of {about.made_at} ({took}). Next: `lantern up`.", markup=False
    )
