"""From nothing to recommendations on a page: `lantern demo`."""

import shutil
import subprocess
import sys
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
from ops.errors import OpsError
from ops.machine import airflow_config, credentials, database, environment, ports
from ops.machine.stack import Stack
from ops.settings import ROOT, OpsSettings
from ops.setup.jars import digest
from ops.steps import console, duration, step
from ops.terminal import follow
from serving.client import Client
from serving.errors import ServingError
from serving.schemas import Recommendations
from warehouse import datasets
from warehouse.datasets import Dataset

DEFAULT, PLAYGROUND = "movielens_1m", "playground"
EVENTS_OF_MOVIELENS_1M = 1_000_209
PUBLISHER_SECONDS = 5
ASSET_SECONDS = 60


@dataclass(frozen=True)
class Wanted:
    """What the demo shall show. No data set: MovieLens 1M if it can be had, else the playground."""

    archive: Path | None = None
    dataset: str | None = None
    size: int = EVENTS_OF_MOVIELENS_1M
    seed: int = 1


def run(settings: OpsSettings, wanted: Wanted) -> None:
    """Bring everything up, take the data, let Airflow work, check the lists, say where they are.

    Raises:
        OpsError: something failed. The message names cause and next step.
    """
    begun = time.monotonic()
    if wanted.archive is not None and not wanted.archive.is_file():
        raise OpsError(f"there is no file {wanted.archive}. Say where it is: `ARCHIVE=path`.")
    stack = Stack(settings)
    dataset = choose(settings, wanted)
    already = stack.is_up()
    stack.show(dataset.name)
    if already:
        stack.install(dataset.name)
    else:
        stack.up()
    found = lists(stack, dataset.name)
    if found is None or brings_new(settings, dataset, wanted.archive):
        take(settings, dataset, wanted)
        work(stack, dataset)
        found = lists(stack, dataset.name)
    elif already:
        console.print(f"Everything is up, and {dataset.title} has lists already.")
    if found is None:
        raise OpsError(
            f"{dataset.title}: the API has no lists. `lantern status` shows what runs; the task "
            "`decide` of the last retrain says in Airflow whether a release was made."
        )
    tell(stack, dataset, found)
    console.print(f"Done in {duration(time.monotonic() - begun)}.")


def choose(settings: OpsSettings, wanted: Wanted) -> Dataset:
    """Return the data set to show, and say in one line if it is not the one that was wished for."""
    if wanted.dataset is not None:
        return datasets.load_named(wanted.dataset)
    first = datasets.load_named(DEFAULT)
    if wanted.archive is not None or is_had(settings, first) or answers(str(first.source.url)):
        return first
    console.print(
        f"{first.title} cannot be reached and no ARCHIVE=… was given: taking the playground, "
        f"{wanted.size:,} invented events."
    )
    return datasets.load_named(PLAYGROUND)


def is_had(settings: OpsSettings, dataset: Dataset) -> bool:
    """Return whether the data set's files are here already, in the inbox or in the lake."""
    folders = (settings.inbox / dataset.name, settings.lake / dataset.name)
    return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)


def answers(url: str) -> bool:
    """Return whether the publisher can be reached now."""
    try:
        answer = httpx2.head(url, timeout=PUBLISHER_SECONDS, follow_redirects=True)
    except httpx2.HTTPError:
        return False
    return answer.is_success


def take(settings: OpsSettings, dataset: Dataset, wanted: Wanted) -> None:
    """Put the data where the ingest looks for it."""
    inbox = settings.inbox / dataset.name
    if wanted.archive is not None:
        with step(f"{wanted.archive.name} into the inbox"):
            hand_over(wanted.archive, dataset, inbox)
    elif dataset.name == PLAYGROUND and not is_had(settings, dataset):
        with step(f"playground of {wanted.size:,} events"):
            play(settings, wanted.size, wanted.seed)


def brings_new(settings: OpsSettings, dataset: Dataset, archive: Path | None) -> bool:
    """Return whether the archive is another one than that which was handed over last."""
    if archive is None:
        return False
    name = name_of(archive, dataset)
    recorded = settings.inbox / dataset.name / f"{name}.sha256"
    return not recorded.is_file() or recorded.read_text() != f"{digest(archive)}  {name}\n"


def name_of(archive: Path, dataset: Dataset) -> str:
    """Return what the archive is called in the inbox: as its publisher calls it."""
    return str(dataset.source.url).rsplit("/", 1)[-1] if dataset.source.url else archive.name


def hand_over(archive: Path, dataset: Dataset, inbox: Path) -> Path:
    """Copy an archive into the inbox under its publisher's name, its digest beside it."""
    inbox.mkdir(parents=True, exist_ok=True)
    name = name_of(archive, dataset)
    unfinished, target = inbox / f".{name}", inbox / name
    shutil.copyfile(archive, unfinished)
    (inbox / f"{name}.sha256").write_text(f"{digest(unfinished)}  {name}\n")
    unfinished.replace(target)
    return target


def play(settings: OpsSettings, size: int, seed: int) -> None:
    """Write the playground's files into its inbox.

    Raises:
        OpsError: the job failed. The message holds its last lines.
    """
    settings.make_folders()
    command = [
        sys.executable,
        "-m",
        "jobs.synthetic.playground",
        "--size",
        str(size),
        "--seed",
        str(seed),
    ]
    variables = environment.job(settings)
    done = subprocess.run(  # noqa: S603
        command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-follow.LAST_LINES :])
        raise OpsError(f"the playground could not be made:\n{last}\nRun `lantern doctor`.")


def work(stack: Stack, dataset: Dataset) -> None:
    """Let Airflow bring the data in and make a release: an ingest, and the retrain it starts.

    What an interrupted demo left running is followed, not started again.
    """
    airflow = client(stack)
    ingest, retrain = f"{dataset.name}__ingest", f"{dataset.name}__retrain"
    names = ("ingest", "collect", "retrain", "maintain")
    wanted = [
        f"{dataset.name}__{name}" for name in names if name != "collect" or dataset.takes_feedback
    ]
    with step("Airflow reads the DAGs"):
        follow.wait_for_dags(airflow, set(wanted))
    for dag_id in wanted:
        airflow.unpause(dag_id)
    begun, ended = datetime.now(UTC), []
    second = follow.current(airflow, retrain)
    if second is None:
        console.print(f"[bold]{ingest}[/bold]")
        first = follow.current(airflow, ingest) or follow.start(airflow, ingest)
        ended.append(follow.follow(airflow, first))
        second = next_retrain(stack, airflow, retrain, first.queued_at or begun, ended[0])
    if second is None:
        console.print("  too few new events for a retrain: the lists stay")
        return
    console.print(f"[bold]{retrain}[/bold]")
    ended.append(follow.follow(airflow, second))
    tell_times(airflow, ended)


def next_retrain(
    stack: Stack, airflow: Airflow, retrain: str, since: datetime, ingest: Run
) -> Run | None:
    """Return the retrain that the ingest started; one by hand if there are no lists yet."""
    started = follow.started_since(
        airflow, retrain, since, timeout=ASSET_SECONDS, still=lambda: announced(airflow, ingest)
    )
    if started is not None or lists(stack, retrain.partition("__")[0]) is not None:
        return started
    return follow.start(airflow, retrain, {"reason": "no lists yet"})


def announced(airflow: Airflow, ingest: Run) -> bool:
    """Return whether the ingest said that there are new rows: a retrain starts by itself then."""
    return any(
        task.task_id == "announce" and task.state == "success" for task in airflow.tasks(ingest)
    )


def tell_times(airflow: Airflow, ended: list[Run]) -> None:
    """Say how long the runs took, and how much of it Spark needed to start."""
    total = sum(each.seconds for each in ended)
    started = [follow.spark_start_seconds(airflow, each) for each in ended]
    known = [seconds for seconds in started if seconds is not None]
    share = f", {duration(sum(known))} of it in Spark's start-up" if known else ""
    console.print(f"Airflow worked for {duration(total)}{share}.")


@contextmanager
def api(stack: Stack, dataset: str) -> Iterator[Client]:
    """Yield a client of the data set's API, with the demo's key."""
    headers = {"Authorization": f"Bearer {database.demo_key(stack.settings, dataset)}"}
    base = ports.addresses(stack.ports)["api"]
    with httpx2.Client(base_url=base, headers=headers, timeout=10) as http:
        yield Client(http, dataset)


def lists(stack: Stack, dataset: str) -> Recommendations | None:
    """Return somebody's list of the live release, as the API gives it; None where there is none."""
    try:
        with api(stack, dataset) as asked:
            person = next(iter(asked.users(limit=1)), None)
            found = asked.recommendations(person.user_id if person else "nobody", limit=10)
    except ServingError:
        return None
    return found if found.items else None


def client(stack: Stack) -> Airflow:
    """Return Airflow's client, signed in as the administrator."""
    base = ports.addresses(stack.ports)["airflow"]
    return Airflow(base, login=airflow_config.admin(credentials.of(stack.settings)))


def tell(stack: Stack, dataset: Dataset, found: Recommendations) -> None:
    """Print what somebody is recommended, and every address with what it asks for."""
    console.print(f"\n{dataset.title}, release {found.release_id} ({found.recipe}).")
    titles = ", ".join(item.title for item in found.items[:3])
    console.print(escape(f"  for {found.user_id}: {titles} …"))
    base = ports.addresses(stack.ports)
    name, _ = airflow_config.admin(stack.secrets)
    console.print(f"  app      {base['app']}")
    console.print(f"  Airflow  {base['airflow']}  (and the app's console)")
    console.print(f"           user {name}, password in {stack.secrets.path('airflow_admin')}")
    console.print(f"  API      {base['api']}/openapi.json")
    console.print(f"  {dataset.licence}", style="dim")
