"""Data that the console reads from Airflow and from the API.

Airflow's answers are cached per account, because accounts may have different rights.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from statistics import median
from typing import Any
from urllib.parse import quote

import streamlit as st
from pydantic import ValidationError

from airflow_api.answers import Question, Run, Task
from airflow_api.client import Airflow
from dashboards import product_api
from dashboards.console import lake_data
from dashboards.fetching import cached
from dashboards.settings import ConsoleSettings, NotSetUpError
from serving.schemas import OpenErasures, OutboxState, Release, Verdict

APPROVAL_TASK = "approve"  # its duration is the time of a person
USUAL_RUNS = 3  # successful runs whose median is the usual duration
COMPARED_RUNS = 20  # newest runs, among which those with the same budget are found
TASK_ORDER = (
    "land", "settle", "refine", "announce",
    "erase", "freeze", "nominate", "search", "evaluate", "decide", "approve", "fit", "publish",
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """A signed-in account, of an operator or a viewer, and the Airflow client with its token.

    `dag_ids` are the DAGs that it could read at the sign-in.
    """

    name: str
    airflow: Airflow
    dag_ids: frozenset[str] = frozenset()


BY_NAME: dict[str | type[Any], Callable[[Any], Any]] = {Account: attrgetter("name")}


def sign_in(name: str, password: str) -> Account:
    """Sign in to Airflow and return the account.

    Raises:
        SignInRefusedError: Airflow rejects the name or the password.
        NotAllowedError: the account may not read DAGs, and so not the console's data either.
        AirflowError: Airflow does not answer, or accepts no further attempts for now.
    """
    airflow = Airflow(_settings().airflow_url, login=(name, password))
    return Account(name, airflow, frozenset(airflow.dags()))


@st.cache_data(ttl="2s", show_spinner=False, hash_funcs=BY_NAME)
def runs(account: Account, dag_id: str, limit: int) -> list[Run]:
    """Return the newest runs of a DAG, newest first."""
    return account.airflow.runs(dag_id, limit=limit)


@st.cache_data(ttl="2s", show_spinner=False, hash_funcs=BY_NAME)
def tasks(account: Account, run: Run) -> list[Task]:
    """Return the tasks of a run in the order in which they run, unknown tasks last."""
    order = {task_id: position for position, task_id in enumerate(TASK_ORDER)}
    return sorted(account.airflow.tasks(run), key=lambda task: order.get(task.task_id, len(order)))


@dataclass(frozen=True)
class Usual:
    """Each task's usual duration by task id, in seconds, from `n_runs` earlier runs."""

    seconds: Mapping[str, float]
    n_runs: int


@st.cache_data(ttl="5m", show_spinner=False, hash_funcs=BY_NAME)
def usual(
    account: Account, dag_id: str, search_minutes: float | None, but: str | None = None
) -> Usual:
    """Return the medians of the last successful runs with this budget for the search.

    The wait for an approval is left out, and so is the run `but`, which is compared with them.
    Without `search_minutes`, runs of any budget count.
    """
    seconds = defaultdict(list)
    comparable = [
        run
        for run in account.airflow.runs(dag_id, limit=COMPARED_RUNS)
        if run.state == "success"
        and run.run_id != but
        and search_minutes in (None, run.search_minutes)
    ]
    for run in comparable[:USUAL_RUNS]:
        for task in account.airflow.tasks(run):
            if task.state == "success" and task.task_id != APPROVAL_TASK:
                seconds[task.task_id].append(task.seconds)
    medians = {task_id: median(durations) for task_id, durations in seconds.items()}
    return Usual(medians, len(comparable[:USUAL_RUNS]))


@st.cache_data(ttl="15s", show_spinner=False, hash_funcs=BY_NAME)
def is_paused_by_dag(account: Account) -> dict[str, bool]:
    """Return whether each DAG that the account may read is paused, by DAG id."""
    return account.airflow.dags()


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_NAME)
def questions(account: Account, dag_id: str) -> dict[str, Question]:
    """Return the approvals that the newest runs of a DAG requested, by run id."""
    return account.airflow.questions(dag_id)


@st.cache_data(ttl="10s", show_spinner=False, hash_funcs=BY_NAME)
def waiting(account: Account) -> list[Question]:
    """Return the approvals that wait for an answer, of all data sets."""
    return account.airflow.waiting()


def refresh_runs() -> None:
    """Let the next calls see what an act has changed in Airflow."""
    for question in (runs, tasks, questions, waiting):
        question.clear()


def refresh_after_run() -> None:
    """Clear the caches of data that a finished run has changed."""
    for question in (usual, releases, verdicts, lake_data.inventories):
        question.clear()


def airflow_url() -> str:
    """Return the address of Airflow's API."""
    return _settings().airflow_url


def airflow_page(dag_id: str, run_id: str | None = None, task_id: str | None = None) -> str:
    """Return the address of the page of a DAG, of one run, or of one of its tasks in Airflow."""
    settings = _settings()
    base = (settings.airflow_public_url or settings.airflow_url).rstrip("/")
    page = f"{base}/dags/{quote(dag_id, safe='')}"
    for part, name in (("runs", run_id), ("tasks", task_id)):
        page += f"/{part}/{quote(name, safe='')}" if name else ""
    return page


@cached("5s")
def releases(dataset: str) -> list[Release]:
    """Return the releases that are kept, newest first."""
    return product_api.client(dataset).releases()


@cached("5s")
def verdicts(dataset: str) -> list[Verdict]:
    """Return the newest verdicts, newest first."""
    return product_api.client(dataset).verdicts(limit=20)


@cached("5s")
def outbox(dataset: str) -> OutboxState:
    """Return the state of the outbox: feedback events that are not in the lake yet."""
    return product_api.client(dataset).outbox()


@cached("15s")
def open_erasures(dataset: str) -> OpenErasures:
    """Return the number of erased users who may still be in the lake, and since when."""
    return product_api.client(dataset).open_erasures()


def _settings() -> ConsoleSettings:
    try:
        return ConsoleSettings()
    except ValidationError as error:
        raise NotSetUpError("CONSOLE_AIRFLOW_URL is not set") from error
