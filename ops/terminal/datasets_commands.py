"""`lantern datasets`: the manifests of this machine."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ops import settings
from ops.machine import environment
from ops.steps import console
from warehouse import datasets as manifests

app = typer.Typer(no_args_is_help=True, help="The data sets that manifests describe.")


@app.command("list")
def list_datasets() -> None:
    """Every manifest, and what it describes. A broken one is named with its mistake."""
    table = Table("name", "title", "source", "schedule", box=None)
    for dataset in manifests.installed():
        schedule = dataset.schedule.retrain or "by hand"
        table.add_row(dataset.name, dataset.title, dataset.source.kind, schedule)
    console.print(table)
    for error in manifests.broken():
        console.print(f"[red]broken:[/red] {escape(str(error))}")
    raise typer.Exit(code=1 if manifests.broken() else 0)


@app.command("check")
def check_dataset(file: Annotated[Path, typer.Argument(help="a manifest")]) -> None:
    """Grade a manifest against its files, before anything is written."""
    chosen = settings.read()
    dataset = manifests.load(file)
    command = ["jobs.ingestion.check", str(file), "--inbox", str(chosen.inbox / dataset.name)]
    graded = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-m", *command],
        env=environment.job(chosen),
        cwd=settings.ROOT,
        check=False,
    )
    raise typer.Exit(code=graded.returncode)
