"""The command `lantern`."""

import os
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from airflow_api.client import AirflowError
from jobs.synthetic.output import FILMS, SHOP, Generator
from ops import settings
from ops.errors import NotRunningError, OpsError
from ops.machine import ports
from ops.machine.stack import Stack, log_lines, running
from ops.machine.supervisord import PROGRAMS
from ops.setup.jars import JarsMissingError
from ops.setup.java import JavaMissingError
from ops.steps import console, duration, errors
from ops.terminal import (
    acts,
    backup_commands,
    datasets_commands,
    encoding,
    endings,
    erasing,
    follow,
    keys_commands,
    operator_commands,
    releases,
    surroundings,
)
from ops.terminal import demo as demonstration
from ops.terminal import doctor as examination
from ops.terminal.lake.query import query
from serving.errors import ServingError
from warehouse import datasets as manifests
from warehouse.errors import WarehouseError
from warehouse.tables.vocabulary import MAX_SEARCH_MINUTES, MAX_TRIALS, SearchFamily

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(datasets_commands.app, name="datasets")
app.add_typer(keys_commands.app, name="keys")
app.command("erase")(erasing.command)
app.command()(backup_commands.backup)
app.command()(backup_commands.restore)
app.command()(query)
for command in (
    operator_commands.releases,
    operator_commands.rollback,
    operator_commands.activate,
    operator_commands.pause,
    operator_commands.resume,
    operator_commands.audit,
):
    app.command()(command)

PlaygroundKind = Literal["films", "shop"]
GENERATORS: Mapping[PlaygroundKind, Generator] = {"films": FILMS, "shop": SHOP}
DatasetOption = Annotated[str, typer.Option("--dataset", help="name of a manifest in datasets/")]
PRIVATE = 0o077  # umask: what the platform writes is for its own user only
INTERRUPTED = 130  # exit code of a program that was ended by Ctrl-C
EXPECTED = (
    *(AirflowError, OpsError, WarehouseError, ServingError),
    *(JarsMissingError, JavaMissingError, OSError),
)


def main() -> None:
    """Run the command line. Errors have cause and next step, and no stack trace, on stderr."""
    encoding.use_utf8("ops.terminal.cli", sys.argv[1:])
    os.umask(PRIVATE)
    try:
        with endings.by_signals():
            app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer has turned the KeyboardInterrupt into this code
            errors.print("Interrupted. Run the same command to continue, `lantern down` to stop.")
        raise
    except EXPECTED as error:
        errors.print(f"[red]error:[/red] {escape(str(error).strip())}")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 # the trace goes to a file
        file = _keep_trace(settings.read())
        message = escape(f"{type(error).__name__}: {error}".strip())
        errors.print(f"[red]unexpected error:[/red] {message}")
        errors.print(f"The stack trace is in {file}.", markup=False)
        errors.print("`lantern doctor` checks whether something is missing on this machine.")
        sys.exit(1)


@app.command()
def doctor() -> None:
    """Check this machine and say how to fix what is missing. Exit code 1 if a check fails."""
    findings = [*examination.examine(settings.read()), surroundings.network()]
    console.print(examination.table(findings))
    raise typer.Exit(code=0 if all(finding.good for finding in findings) else 1)


@app.command()
def up() -> None:
    """Start the programs that are not running, and wait until all are healthy."""
    begun, stack = time.monotonic(), Stack(settings.read())
    surroundings.warn(stack.settings)
    stack.up()
    for name, address in ports.addresses(stack.ports).items():
        console.print(f"  {name:<8} {address}")
    console.print(f"Up after {duration(time.monotonic() - begun)}.")


@app.command()
def down() -> None:
    """Stop everything that `up` started."""
    for orphan in Stack(settings.read()).down():
        console.print(f"  ended process {orphan.pid}, an orphan of {orphan.program}")
    console.print("Down.")


@app.command()
def status() -> None:
    """List programs, health and addresses. Exit code 1 if a program is not healthy."""
    stack = Stack(settings.read())
    states = stack.states()
    if not states:
        raise NotRunningError("the platform is down: run `lantern up`")
    table = Table("program", "state", "healthy", "up for", "process", box=None)
    for state in states:
        healthy = "[green]yes[/green]" if state.healthy else "[red]no[/red]"
        program = state.program
        uptime = duration(time.time() - program.since) if program.pid else ""
        table.add_row(program.name, program.state.lower(), healthy, uptime, str(program.pid or ""))
    console.print(table)
    for name, address in ports.addresses(stack.ports).items():
        console.print(f"  {name:<8} {address}")
    raise typer.Exit(code=0 if all(state.healthy for state in states) else 1)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help=f"one of: {', '.join(PROGRAMS)}")],
    lines: Annotated[int, typer.Option(min=1, help="number of lines")] = 50,
    *,
    follow: Annotated[bool, typer.Option(help="keep printing new lines")] = False,
) -> None:
    """Print the last lines of a program's log."""
    if name not in PROGRAMS:
        raise OpsError(f"no program {name!r}; programs: {', '.join(PROGRAMS)}")
    chosen = settings.read()
    if follow:
        file = chosen.logs / f"{name}.log"
        subprocess.run(["tail", "-n", str(lines), "-F", str(file)], check=False)  # noqa: S603, S607
        return
    for line in log_lines(chosen, name, lines):
        console.print(escape(line))


@app.command()
def demo(
    archive: Annotated[
        Path | None, typer.Option(help="ml-1m.zip on this machine, instead of a download")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="default: MovieLens 1M")] = None,
    size: Annotated[
        int | None, typer.Option(help="number of events of a playground; default: its usual size")
    ] = None,
    seed: Annotated[int, typer.Option(help="random seed of a playground")] = 1,
) -> None:
    """Start everything, load a data set, train and show recommendations. Repeatable."""
    chosen = settings.read()
    surroundings.warn(chosen)
    demonstration.run(chosen, demonstration.Options(archive, dataset, size, seed))


@app.command()
def retrain(
    dataset: DatasetOption,
    recipe: Annotated[str, typer.Option(help="name of a recipe, or a recipe as JSON")] = "",
    reason: Annotated[str, typer.Option(help="why; shown with the verdict")] = "",
    *,
    search_minutes: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_SEARCH_MINUTES, help="minutes to search for a recipe; 0: no search"
        ),
    ] = 0,
    max_trials: Annotated[
        int, typer.Option(min=0, max=MAX_TRIALS, help="maximum number of trials; 0: no limit")
    ] = 0,
    family: Annotated[
        SearchFamily | None, typer.Option(help="kind of recipe to search for; default: any")
    ] = None,
    ask: Annotated[
        bool | None,
        typer.Option("--ask/--do-not-ask", help="require an approval; default: as in the manifest"),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="show the tasks until the run ends")] = False,
) -> None:
    """Train a model now, evaluate it, and publish it if it passes the gate."""
    manifests.load_named(dataset)
    stack = running()
    airflow = demonstration.airflow_client(stack)
    airflow.unpause(f"{dataset}__retrain")
    form: dict[str, str | int | bool | None] = {
        "recipe": recipe or None,
        "search_budget_minutes": search_minutes or None,
        "search_max_trials": max_trials or None,
        "search_family": family,
        "ask_for_approval": ask,
    }
    parameters = {name: value for name, value in form.items() if value is not None}
    started = acts.start_retrain(stack, dataset, parameters, reason=reason)
    console.print(f"[bold]{dataset}__retrain[/bold] {started.run_id}")
    if wait:
        run = airflow.find_run(f"{dataset}__retrain", started.run_id)
        ended = follow.follow(airflow, run)
        console.print(f"Finished after {duration(ended.seconds)}.")


@app.command()
def rebuild(
    release: Annotated[int, typer.Argument(help="id of a kept release", min=1)],
    dataset: DatasetOption,
) -> None:
    """Fit a kept release again and compare the lists. Exit code 1 if they differ."""
    same = releases.rebuild(running(), manifests.load_named(dataset).name, release)
    raise typer.Exit(code=0 if same else 1)


@app.command()
def playground(
    kind: Annotated[
        PlaygroundKind, typer.Option(help="films with ratings, or a shop with purchases")
    ] = "films",
    size: Annotated[
        int | None, typer.Option(help="number of events; default: 1,000,000, of a shop 400,000")
    ] = None,
    seed: Annotated[int, typer.Option(help="random seed; the same seed writes the same files")] = 1,
) -> None:
    """Write the files of a synthetic data set: items, users, what they did, and the truth."""
    chosen, generator = settings.read(), GENERATORS[kind]
    demonstration.write_playground(chosen, generator, size or generator.usual, seed)
    console.print(f"The files are in {chosen.inbox / generator.dataset}.", markup=False)
    console.print(f"Next: `lantern demo --dataset {generator.dataset}`.")


def _keep_trace(chosen: settings.OpsSettings) -> Path:
    chosen.make_folders()
    file = chosen.logs / "lantern.log"
    with file.open("a") as log:
        log.write(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {' '.join(sys.argv)}\n")
        log.write(traceback.format_exc())
    return file


if __name__ == "__main__":
    main()
