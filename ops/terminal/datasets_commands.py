"""The commands `lantern datasets`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from ops import settings
from ops.machine import environment
from ops.settings import OpsSettings
from ops.steps import console
from warehouse import datasets as manifests

app = typer.Typer(no_args_is_help=True, help="Data sets and their manifests.")


@app.command("list")
def list_datasets() -> None:
    """List the manifests, and the broken ones with their error."""
    table = Table("name", "title", "source", "retrain schedule", box=None)
    for dataset in manifests.installed():
        schedule = dataset.schedule.retrain or "none"
        table.add_row(dataset.name, dataset.title, dataset.source.kind, schedule)
    console.print(table)
    for error in manifests.broken():
        console.print(f"[red]broken:[/red] {escape(str(error))}")
    raise typer.Exit(code=1 if manifests.broken() else 0)


@app.command("check")
def check_dataset(file: Annotated[Path, typer.Argument(help="manifest to check")]) -> None:
    """Check a manifest against its files. Nothing is written."""
    chosen = settings.read()
    dataset = manifests.load(file)
    manifest, inbox = file.resolve(), chosen.inbox / dataset.name  # the job has another folder
    _run(chosen, ["jobs.ingestion.check", str(manifest), "--inbox", str(inbox)])


@app.command("propose")
def propose_manifest(
    files: Annotated[list[Path], typer.Argument(help="files of the data set, or their folder")],
    name: Annotated[str | None, typer.Option(help="name of the data set")] = None,
    out: Annotated[Path | None, typer.Option(help="file to write the manifest to")] = None,
) -> None:
    """Look at files and write a manifest with its guesses marked. Nothing else is written."""
    chosen = settings.read()
    command = ["jobs.ingestion.proposals.propose", *(str(file.resolve()) for file in files)]
    command += ["--inbox", str(chosen.inbox)]
    command += ["--name", name] if name is not None else []
    command += ["--out", str(out.resolve())] if out else []
    _run(chosen, command)


def _run(chosen: OpsSettings, command: Sequence[str]) -> NoReturn:
    """Run a program that reads files of others, and end with its exit code."""
    code = environment.run_job(chosen, command).returncode
    if code < 0:
        console.print("[red]The program crashed:[/red] a file is damaged, or needs too much memory")
    raise typer.Exit(code=code if code >= 0 else 1)
