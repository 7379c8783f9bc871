"""The command `lantern demo`: start everything, load a data set, train, show recommendations."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from rich.markup import escape

from airflow_api.answers import Run, dataset_of
from airflow_api.client import Airflow
from edge import own_programs
from jobs.synthetic.output import FILMS, SHOP, Generator
from ops.errors import OpsError
from ops.machine import credentials, database, environment, ports
from ops.machine.airflow import config as airflow_config
from ops.machine.stack import Stack
from ops.settings import OpsSettings
from ops.setup.jars import digest
from ops.steps import console, duration, step
from ops.terminal import follow
from serving.client import Client
from serving.errors import NoReleaseError
from serving.schemas import Recommendations
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.tables import BRONZE_LANDINGS

DEFAULT = "movielens_1m"
PLAYGROUNDS = {generator.dataset: generator for generator in (FILMS, SHOP)}
PUBLISHER_SECONDS = 5
API_SECONDS = 30
ASSET_SECONDS = 60


@dataclass(frozen=True)
class Options:
    """Options of the demo.

    Without a `dataset`, MovieLens 1M is shown if it is available, else the playground. Without a
    `size`, a playground has its usual one.
    """

    archive: Path | None = None
    dataset: str | None = None
    size: int | None = None
    seed: int = 1


def run(settings: OpsSettings, options: Options) -> None:
    """Start everything, load the data, run the DAGs, check the lists, print the addresses.

    Raises:
        OpsError: A step failed. The message names cause and next step.
    """
    begun = time.monotonic()
    if options.archive is not None and not options.archive.is_file():
        raise OpsError(
            f"there is no file {options.archive}. Set its path with `make demo ARCHIVE=path` or "
            "`lantern demo --archive path`."
        )
    stack = Stack(settings)
    dataset = choose(settings, options)
    was_up = stack.is_up()
    stack.show(dataset.name)
    if was_up:
        stack.install(dataset.name)
    else:
        stack.up()
    example = example_list(stack, dataset.name)
    if example is None or is_new_archive(settings, dataset, options.archive):
        fill_inbox(settings, dataset, options)
        run_dags(stack, dataset)
        example = example_list(stack, dataset.name)
    elif was_up:
        console.print(f"Everything is up, and {dataset.title} has lists already.")
    if example is None:
        raise OpsError(
            f"{dataset.title}: the API has no lists. Check `lantern status`, and in Airflow the "
            "log of the last retrain's task `decide`."
        )
    print_report(stack, dataset, example)
    console.print(f"Done in {duration(time.monotonic() - begun)}.")


def choose(settings: OpsSettings, options: Options) -> Dataset:
    """Return the data set to show; print one line if the default one is not available."""
    if options.dataset is not None:
        return datasets.load_named(options.dataset)
    default = datasets.load_named(DEFAULT)
    if (
        options.archive is not None
        or has_data(settings, default)
        or is_reachable(str(default.source.url))
    ):
        return default
    console.print(
        f"{default.title} cannot be downloaded and no ARCHIVE=… is set. Using the playground with "
        f"{options.size or FILMS.usual:,} synthetic events."
    )
    return datasets.load_named(FILMS.dataset)


def has_data(settings: OpsSettings, dataset: Dataset) -> bool:
    """Return whether the inbox or the lake has data of the data set."""
    root = environment.base(settings)["LAKE_ROOT"]
    if "://" in root and Lake(f"{root.rstrip('/')}/{dataset.name}").exists(BRONZE_LANDINGS):
        return True
    folders = (settings.inbox / dataset.name, settings.lake / dataset.name)
    return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)


def is_reachable(url: str) -> bool:
    """Return whether the publisher of the data can be reached."""
    try:
        answer = httpx2.head(url, timeout=PUBLISHER_SECONDS, follow_redirects=True)
    except (httpx2.HTTPError, ImportError, ValueError):  # the last two: a proxy of another kind
        return False
    return answer.is_success


def fill_inbox(settings: OpsSettings, dataset: Dataset, options: Options) -> None:
    """Put the archive, or the files of a playground, into the inbox."""
    inbox = settings.inbox / dataset.name
    if options.archive is not None:
        with step(f"{options.archive.name} into the inbox"):
            copy_archive(options.archive, dataset, inbox)
    elif dataset.name in PLAYGROUNDS and not has_data(settings, dataset):
        generator = PLAYGROUNDS[dataset.name]
        write_playground(settings, generator, options.size or generator.usual, options.seed)


def is_new_archive(settings: OpsSettings, dataset: Dataset, archive: Path | None) -> bool:
    """Return whether the archive differs from the one in the inbox."""
    if archive is None:
        return False
    name = name_in_inbox(archive, dataset)
    recorded = settings.inbox / dataset.name / f"{name}.sha256"
    return not recorded.is_file() or recorded.read_text() != f"{digest(archive)}  {name}\n"


def name_in_inbox(archive: Path, dataset: Dataset) -> str:
    """Return the archive's name in the inbox: the publisher's file name."""
    return str(dataset.source.url).rsplit("/", 1)[-1] if dataset.source.url else archive.name


def copy_archive(archive: Path, dataset: Dataset, inbox: Path) -> Path:
    """Copy an archive and its SHA-256 into the inbox, under the publisher's file name."""
    inbox.mkdir(parents=True, exist_ok=True)
    name = name_in_inbox(archive, dataset)
    unfinished, target = inbox / f".{name}", inbox / name
    shutil.copyfile(archive, unfinished)
    (inbox / f"{name}.sha256").write_text(f"{digest(unfinished)}  {name}\n")
    unfinished.replace(target)
    return target


def write_playground(settings: OpsSettings, generator: Generator, size: int, seed: int) -> None:
    """Write the files of a playground into its inbox.

    Raises:
        OpsError: The job failed. The message contains its last lines.
    """
    settings.make_folders()
    command = [generator.module, "--size", str(size), "--seed", str(seed)]
    with step(f"{generator.dataset} of {size:,} {generator.noun}"):
        result = environment.run_job(settings, command, capture_output=True)
    if result.returncode != 0:
        last_lines = "\n".join((result.stdout + result.stderr).splitlines()[-follow.LAST_LINES :])
        raise OpsError(f"writing the playground failed:\n{last_lines}\nRun `lantern doctor`.")


def run_dags(stack: Stack, dataset: Dataset) -> None:
    """Run an ingest and the retrain that it starts.

    Runs that an interrupted demo left are followed instead of started again.
    """
    airflow = airflow_client(stack)
    ingest, retrain = f"{dataset.name}__ingest", f"{dataset.name}__retrain"
    names = ("ingest", "collect", "retrain", "maintain")
    dag_ids = [
        f"{dataset.name}__{name}" for name in names if name != "collect" or dataset.takes_feedback
    ]
    with step("Airflow reads the DAGs"):
        follow.wait_for_dags(airflow, set(dag_ids))
    for dag_id in dag_ids:
        airflow.unpause(dag_id)
    begun, ended_runs = datetime.now(UTC), []
    retrain_run = follow.current(airflow, retrain)
    if retrain_run is None:
        console.print(f"[bold]{ingest}[/bold]")
        ingest_run = follow.current(airflow, ingest) or follow.start(airflow, ingest)
        ended_runs.append(follow.follow(airflow, ingest_run))
        since = ingest_run.queued_at or begun
        retrain_run = next_retrain(stack, airflow, retrain, since, ended_runs[0])
    if retrain_run is None:
        console.print("  too few new events for a retrain, or too soon: the lists are unchanged")
        return
    console.print(f"[bold]{retrain}[/bold]")
    ended_runs.append(follow.follow(airflow, retrain_run))
    print_durations(airflow, ended_runs)


def next_retrain(
    stack: Stack, airflow: Airflow, retrain: str, since: datetime, ingest: Run
) -> Run | None:
    """Return the retrain that the ingest started; start one if there are no lists yet."""
    started = follow.started_since(
        airflow, retrain, since, timeout=ASSET_SECONDS, still=lambda: announced(airflow, ingest)
    )
    if started is not None or example_list(stack, dataset_of(retrain)) is not None:
        return started
    return follow.start(airflow, retrain, {"reason": "no lists yet"})


def announced(airflow: Airflow, ingest: Run) -> bool:
    """Return whether the ingest announced new rows, which starts a retrain."""
    return any(
        task.task_id == "announce" and task.state == "success" for task in airflow.tasks(ingest)
    )


def print_durations(airflow: Airflow, runs: list[Run]) -> None:
    """Print the duration of the runs, and how much of it Spark needed to start."""
    total_seconds = sum(run.seconds for run in runs)
    starts = [follow.spark_start_seconds(airflow, run) for run in runs]
    start_seconds = sum(seconds for seconds in starts if seconds is not None)
    of_it = f", {duration(start_seconds)} of it for the start of Spark" if start_seconds else ""
    console.print(f"The DAG runs took {duration(total_seconds)}{of_it}.")


@contextmanager
def api_client(stack: Stack, dataset: str) -> Iterator[Client]:
    """Yield a client of the data set's API, with the demo's key."""
    headers = {"Authorization": f"Bearer {database.demo_keys(stack.settings).get(dataset)}"}
    address = ports.addresses(stack.ports)["api"]
    with own_programs.client(address, headers=headers, timeout=API_SECONDS) as http:
        yield Client(http, dataset)


def example_list(stack: Stack, dataset: str) -> Recommendations | None:
    """Return the first user's list of the live release, or None without a release or a user."""
    with api_client(stack, dataset) as api:
        user = next(iter(api.users(limit=1)), None)
        try:
            recommendations = api.recommendations(user.user_id if user else "new", limit=10)
        except NoReleaseError:
            return None
    return recommendations if recommendations.items else None


def airflow_client(stack: Stack) -> Airflow:
    """Return a client of Airflow, signed in as the administrator, that waits for a slow Airflow."""
    address = ports.addresses(stack.ports)["airflow"]
    login = airflow_config.admin(credentials.of(stack.settings))
    return Airflow(address, login=login, patience=follow.PATIENCE_SECONDS)


def print_report(stack: Stack, dataset: Dataset, example: Recommendations) -> None:
    """Print an example list, and every address with its credentials."""
    console.print(f"\n{dataset.title}, release {example.release_id} ({example.recipe}).")
    titles = ", ".join(item.title for item in example.items[:3])
    console.print(escape(f"  for {example.user_id}: {titles} …"))
    addresses = ports.addresses(stack.ports)
    name, _ = airflow_config.admin(stack.secrets)
    console.print(f"  app      {addresses['app']}")
    console.print(f"  Airflow  {addresses['airflow']}  (and the app's console)")
    password = stack.secrets.path("airflow_admin")
    console.print(f"           user {name}, password in {password}", markup=False)
    console.print(f"  API      {addresses['api']}/openapi.json")
    console.print(f"  {dataset.licence}", style="dim")
