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

from airflow_api.answers import Run
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
    """Options of the demo. Default data set: MovieLens 1M if available, else the playground.

    Without a `size` a playground has its usual one.
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
    shown = example_list(stack, dataset.name)
    if shown is None or is_new(settings, dataset, options.archive):
        load(settings, dataset, options)
        run_dags(stack, dataset)
        shown = example_list(stack, dataset.name)
    elif was_up:
        console.print(f"Everything is up, and {dataset.title} has lists already.")
    if shown is None:
        raise OpsError(
            f"{dataset.title}: the API has no lists. Check `lantern status`, and in Airflow the "
            "log of the last retrain's task `decide`."
        )
    report(stack, dataset, shown)
    console.print(f"Done in {duration(time.monotonic() - begun)}.")


def choose(settings: OpsSettings, options: Options) -> Dataset:
    """Return the data set to show; print one line if the default one is not available."""
    if options.dataset is not None:
        return datasets.load_named(options.dataset)
    default = datasets.load_named(DEFAULT)
    if (
        options.archive is not None
        or has_data(settings, default)
        or answers(str(default.source.url))
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


def answers(url: str) -> bool:
    """Return whether the publisher of the data can be reached."""
    try:
        answer = httpx2.head(url, timeout=PUBLISHER_SECONDS, follow_redirects=True)
    except (httpx2.HTTPError, ImportError, ValueError):  # the last two: a proxy of another kind
        return False
    return answer.is_success


def load(settings: OpsSettings, dataset: Dataset, options: Options) -> None:
    """Put the data into the inbox."""
    inbox = settings.inbox / dataset.name
    if options.archive is not None:
        with step(f"{options.archive.name} into the inbox"):
            hand_over(options.archive, dataset, inbox)
    elif dataset.name in PLAYGROUNDS and not has_data(settings, dataset):
        generator = PLAYGROUNDS[dataset.name]
        play(settings, generator, options.size or generator.usual, options.seed)


def is_new(settings: OpsSettings, dataset: Dataset, archive: Path | None) -> bool:
    """Return whether the archive differs from the one in the inbox."""
    if archive is None:
        return False
    name = name_of(archive, dataset)
    recorded = settings.inbox / dataset.name / f"{name}.sha256"
    return not recorded.is_file() or recorded.read_text() != f"{digest(archive)}  {name}\n"


def name_of(archive: Path, dataset: Dataset) -> str:
    """Return the archive's name in the inbox: the publisher's file name."""
    return str(dataset.source.url).rsplit("/", 1)[-1] if dataset.source.url else archive.name


def hand_over(archive: Path, dataset: Dataset, inbox: Path) -> Path:
    """Copy an archive and its SHA-256 into the inbox, under the publisher's file name."""
    inbox.mkdir(parents=True, exist_ok=True)
    name = name_of(archive, dataset)
    unfinished, target = inbox / f".{name}", inbox / name
    shutil.copyfile(archive, unfinished)
    (inbox / f"{name}.sha256").write_text(f"{digest(unfinished)}  {name}\n")
    unfinished.replace(target)
    return target


def play(settings: OpsSettings, generator: Generator, size: int, seed: int) -> None:
    """Write the files of a playground into its inbox.

    Raises:
        OpsError: The job failed. The message contains its last lines.
    """
    settings.make_folders()
    command = [generator.module, "--size", str(size), "--seed", str(seed)]
    with step(f"{generator.dataset} of {size:,} {generator.noun}"):
        result = environment.run_job(settings, command, capture_output=True)
    if result.returncode != 0:
        last = "\n".join((result.stdout + result.stderr).splitlines()[-follow.LAST_LINES :])
        raise OpsError(f"writing the playground failed:\n{last}\nRun `lantern doctor`.")


def run_dags(stack: Stack, dataset: Dataset) -> None:
    """Run an ingest and the retrain that it starts.

    Runs that an interrupted demo left are followed instead of started again.
    """
    airflow = client(stack)
    ingest, retrain = f"{dataset.name}__ingest", f"{dataset.name}__retrain"
    names = ("ingest", "collect", "retrain", "maintain")
    dag_ids = [
        f"{dataset.name}__{name}" for name in names if name != "collect" or dataset.takes_feedback
    ]
    with step("Airflow reads the DAGs"):
        follow.wait_for_dags(airflow, set(dag_ids))
    for dag_id in dag_ids:
        airflow.unpause(dag_id)
    begun, ended = datetime.now(UTC), []
    second = follow.current(airflow, retrain)
    if second is None:
        console.print(f"[bold]{ingest}[/bold]")
        first = follow.current(airflow, ingest) or follow.start(airflow, ingest)
        ended.append(follow.follow(airflow, first))
        second = next_retrain(stack, airflow, retrain, first.queued_at or begun, ended[0])
    if second is None:
        console.print("  too few new events for a retrain, or too soon: the lists are unchanged")
        return
    console.print(f"[bold]{retrain}[/bold]")
    ended.append(follow.follow(airflow, second))
    report_times(airflow, ended)


def next_retrain(
    stack: Stack, airflow: Airflow, retrain: str, since: datetime, ingest: Run
) -> Run | None:
    """Return the retrain that the ingest started; start one if there are no lists yet."""
    started = follow.started_since(
        airflow, retrain, since, timeout=ASSET_SECONDS, still=lambda: announced(airflow, ingest)
    )
    if started is not None or example_list(stack, retrain.partition("__")[0]) is not None:
        return started
    return follow.start(airflow, retrain, {"reason": "no lists yet"})


def announced(airflow: Airflow, ingest: Run) -> bool:
    """Return whether the ingest announced new rows, which starts a retrain."""
    return any(
        task.task_id == "announce" and task.state == "success" for task in airflow.tasks(ingest)
    )


def report_times(airflow: Airflow, ended: list[Run]) -> None:
    """Print the duration of the runs and the part that Spark needed to start."""
    total = sum(run.seconds for run in ended)
    starts = [follow.spark_start_seconds(airflow, run) for run in ended]
    start = sum(seconds for seconds in starts if seconds is not None)
    share = f", {duration(start)} of it for the start of Spark" if start else ""
    console.print(f"The DAG runs took {duration(total)}{share}.")


@contextmanager
def api(stack: Stack, dataset: str) -> Iterator[Client]:
    """Yield a client of the data set's API, with the demo's key."""
    headers = {"Authorization": f"Bearer {database.demo_keys(stack.settings).get(dataset)}"}
    base = ports.addresses(stack.ports)["api"]
    with own_programs.client(base, headers=headers, timeout=API_SECONDS) as http:
        yield Client(http, dataset)


def example_list(stack: Stack, dataset: str) -> Recommendations | None:
    """Return the first user's list of the live release, or None without a release or a user."""
    with api(stack, dataset) as product:
        user = next(iter(product.users(limit=1)), None)
        try:
            recommendations = product.recommendations(user.user_id if user else "new", limit=10)
        except NoReleaseError:
            return None
    return recommendations if recommendations.items else None


def client(stack: Stack) -> Airflow:
    """Return a client of Airflow, signed in as the administrator, that waits for a slow Airflow."""
    base = ports.addresses(stack.ports)["airflow"]
    login = airflow_config.admin(credentials.of(stack.settings))
    return Airflow(base, login=login, patience=follow.PATIENCE_SECONDS)


def report(stack: Stack, dataset: Dataset, shown: Recommendations) -> None:
    """Print an example list, and every address with its credentials."""
    console.print(f"\n{dataset.title}, release {shown.release_id} ({shown.recipe}).")
    titles = ", ".join(item.title for item in shown.items[:3])
    console.print(escape(f"  for {shown.user_id}: {titles} …"))
    base = ports.addresses(stack.ports)
    name, _ = airflow_config.admin(stack.secrets)
    console.print(f"  app      {base['app']}")
    console.print(f"  Airflow  {base['airflow']}  (and the app's console)")
    password = stack.secrets.path("airflow_admin")
    console.print(f"           user {name}, password in {password}", markup=False)
    console.print(f"  API      {base['api']}/openapi.json")
    console.print(f"  {dataset.licence}", style="dim")
