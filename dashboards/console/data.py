"""What the console's pages may ask for: Airflow, the API's evidence, the lake.

What is asked of Airflow is cached by the operator's name, so that nobody sees an answer that was
given to somebody else.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from urllib.parse import quote

import streamlit as st
from pydantic import ValidationError

from airflow_api.answers import Question, Run, Task
from airflow_api.client import Airflow
from dashboards import product_api as demo
from dashboards.answer_cache import CachedAnswer
from dashboards.console import retrains as told
from dashboards.console.retrains import Figure, Retrain, Sample, Trial
from dashboards.product_api import NotSetUpError
from dashboards.settings import ConsoleSettings
from serving.schemas import OutboxState, Release, Verdict
from warehouse import reconciliation
from warehouse.query import Lake
from warehouse.reconciliation import Reconciliation
from warehouse.settings import LakeSettings
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    GOLD_FITS,
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_SAMPLE_LISTS,
    GOLD_SEARCHES,
    GOLD_TRIALS,
    GOLD_VERDICTS,
    TABLES,
    Table,
)

SHOWN_COLLECTIONS = 3
USUAL_OF = 3  # runs that "usually" looks at
IN_ORDER = (
    "land", "refine", "announce",
    "freeze", "nominate", "search", "evaluate", "decide", "approve", "fit", "publish",
)  # fmt: skip


@dataclass(frozen=True)
class Operator:
    """Somebody who signed in, and his way to Airflow."""

    name: str
    airflow: Airflow


def _by_name(operator: Operator) -> str:
    return operator.name


BY_NAME: dict[str | type[Any], Callable[[Any], Any]] = {Operator: _by_name}


@dataclass(frozen=True)
class TableState:
    """How a table of the lake stands. `version_served` is what the live lists were made from."""

    table: Table
    n_rows: int
    version: int
    written_at: datetime
    version_served: int | None


@dataclass(frozen=True)
class Collection:
    """One part of the outbox that came into the lake."""

    n_written: int
    lag_seconds: float
    collected_at: datetime


@dataclass(frozen=True)
class Loop:
    """How the lake stands to what people sent. Collections are newest first."""

    reconciliation: Reconciliation
    collections: tuple[Collection, ...]


def sign_in(name: str, password: str) -> Operator:
    """Return the operator, if Airflow knows name and password.

    Raises:
        SignInRefusedError: it does not.
        AirflowError: it does not answer, or takes no more attempts.
    """
    return Operator(name, Airflow(_settings().airflow_url, login=(name, password)))


@st.cache_data(ttl="2s", show_spinner=False, hash_funcs=BY_NAME)
def runs(operator: Operator, dag_id: str, limit: int) -> list[Run]:
    """Return the newest runs of a DAG, newest first; at most two seconds old."""
    return operator.airflow.runs(dag_id, limit=limit)


@st.cache_data(ttl="2s", show_spinner=False, hash_funcs=BY_NAME)
def tasks(operator: Operator, run: Run) -> list[Task]:
    """Return the tasks of a run in the order in which they run; at most two seconds old."""
    return sorted(operator.airflow.tasks(run), key=_place)


@st.cache_data(ttl="60s", show_spinner=False, hash_funcs=BY_NAME)
def usual_seconds(operator: Operator, dag_id: str) -> dict[str, float]:
    """Return how long each task usually takes: the median of the last runs that went well."""
    found = operator.airflow.runs(dag_id, limit=10)
    took = defaultdict(list)
    for run in [run for run in found if run.state == "success"][:USUAL_OF]:
        for task in operator.airflow.tasks(run):
            if task.state == "success":
                took[task.task_id].append(task.seconds)
    return {task_id: median(seconds) for task_id, seconds in took.items()}


@st.cache_data(ttl="15s", show_spinner=False, hash_funcs=BY_NAME)
def paused(operator: Operator) -> dict[str, bool]:
    """Return the DAGs that Airflow knows, and whether it keeps their runs waiting."""
    return operator.airflow.dags()


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_NAME)
def questions(operator: Operator, dag_id: str) -> dict[str, Question]:
    """Return what the newest runs of a DAG asked a person, by run id."""
    return operator.airflow.questions(dag_id)


def answer(operator: Operator, run: Run, question: Question, *, approve: bool) -> None:
    """Answer a question in the operator's name. The first answer counts.

    Raises:
        AirflowError: he may not, or somebody answered before him.
    """
    operator.airflow.answer(run, question, approve=approve)
    questions.clear()
    tasks.clear()


def start_retrain(operator: Operator, dataset: str, form: Mapping[str, object]) -> Run:
    """Start a retrain in the operator's name.

    Raises:
        AirflowError: he may not, or Airflow refuses a value of the form.
    """
    run = operator.airflow.trigger(f"{dataset}__retrain", form)
    runs.clear()
    return run


def airflow_page(dag_id: str, run_id: str | None = None) -> str:
    """Return the address of a DAG, or of one of its runs, in Airflow's own pages."""
    settings = _settings()
    base = (settings.airflow_public_url or settings.airflow_url).rstrip("/")
    page = f"{base}/dags/{quote(dag_id, safe='')}"
    return f"{page}/runs/{quote(run_id, safe='')}" if run_id else page


@st.cache_data(ttl="5s", show_spinner=False)
def releases(dataset: str) -> CachedAnswer[list[Release]]:
    """Return the releases that are kept, newest first."""
    return demo.fetch(("releases", dataset), lambda: demo.client(dataset).releases())


@st.cache_data(ttl="5s", show_spinner=False)
def verdicts(dataset: str) -> CachedAnswer[list[Verdict]]:
    """Return the gate's newest decisions, newest first."""
    return demo.fetch(("verdicts", dataset), lambda: demo.client(dataset).verdicts(limit=20))


@st.cache_data(ttl="5s", show_spinner=False)
def outbox(dataset: str) -> CachedAnswer[OutboxState]:
    """Return what waits in Postgres to be collected."""
    return demo.fetch(("outbox", dataset), lambda: demo.client(dataset).outbox())


@st.cache_data(ttl="5s", show_spinner=False)
def loop(dataset: str) -> Loop:
    """Return what the lake holds of feedback.

    Raises:
        WarehouseError: the lake can't be read.
    """
    lake = _lake(dataset)
    rows = _rows(lake, BRONZE_COLLECTIONS, list(Collection.__dataclass_fields__))
    found = sorted((Collection(**row) for row in rows), key=_collected, reverse=True)
    return Loop(reconciliation.reconcile(lake), tuple(found[:SHOWN_COLLECTIONS]))


@st.cache_data(ttl="15s", show_spinner=False)
def tables(dataset: str, retrain_id: str | None) -> list[TableState]:
    """Return every table that is there. `retrain_id` is the live release's fit.

    Raises:
        WarehouseError: the lake can't be read.
    """
    lake = _lake(dataset)
    served = _versions_served(lake, retrain_id)
    return [_state(lake, table, served) for table in TABLES if lake.exists(table)]


@st.cache_data(ttl="5s", show_spinner=False)
def retrains(dataset: str) -> list[Retrain]:
    """Return the retrains that the lake knows, newest first; at most five seconds old.

    Raises:
        WarehouseError: the lake can't be read.
    """
    lake = _lake(dataset)
    return told.retrains(
        _rows(lake, GOLD_NOMINATIONS, ["retrain_id", "nominated_at", "reason"]),
        _rows(lake, GOLD_SEARCHES, ["retrain_id", *told.Search.__dataclass_fields__]),
        _rows(lake, GOLD_VERDICTS, [n for n in GOLD_VERDICTS.names if n != "recipe_json"]),
    )


@st.cache_data(ttl="2s", show_spinner=False)
def trials(dataset: str, retrain_id: str) -> list[Trial]:
    """Return what a retrain's search tried so far; at most two seconds old."""
    return told.trials(_rows(_lake(dataset), GOLD_TRIALS, of=retrain_id))


@st.cache_data(ttl="10s", show_spinner=False)
def model_metrics(dataset: str, retrain_id: str) -> list[Figure]:
    """Return how each recipe of a retrain did, on every window and slice."""
    columns = list(Figure.__dataclass_fields__)
    return told.figures(_rows(_lake(dataset), GOLD_MODEL_METRICS, columns, of=retrain_id))


@st.cache_data(ttl="10s", show_spinner=False)
def sample_lists(dataset: str, retrain_id: str) -> list[Sample]:
    """Return a few people's lists under the contestants of a retrain."""
    return told.samples(_rows(_lake(dataset), GOLD_SAMPLE_LISTS, of=retrain_id))


def _rows(
    lake: Lake, table: Table, columns: Sequence[str] | None = None, of: str | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a table, or of one retrain; none of a table that is not there yet."""
    if not lake.exists(table):
        return []
    equals = None if of is None else {"retrain_id": of}
    found: list[dict[str, Any]] = lake.read(table, columns=columns, equals=equals).to_pylist()
    return found


def _state(lake: Lake, table: Table, served: dict[str, int]) -> TableState:
    newest = lake.history(table, limit=1)[0]
    rows = lake.n_rows(table)
    return TableState(table, rows, newest.version, newest.at, served.get(table.full_name))


def _versions_served(lake: Lake, retrain_id: str | None) -> dict[str, int]:
    if retrain_id is None or not lake.exists(GOLD_FITS):
        return {}
    fits = lake.read(GOLD_FITS, columns=["retrain_id", "versions"]).to_pylist()
    found = (dict(fit["versions"]) for fit in fits if fit["retrain_id"] == retrain_id)
    return next(found, {})


def _collected(collection: Collection) -> datetime:
    return collection.collected_at


def _place(task: Task) -> int:
    return IN_ORDER.index(task.task_id) if task.task_id in IN_ORDER else len(IN_ORDER)


def _lake(dataset: str) -> Lake:
    try:
        return Lake(LakeSettings().of(dataset))
    except ValidationError as error:
        raise NotSetUpError("LAKE_ROOT and LAKE_INBOX are not both set") from error


def _settings() -> ConsoleSettings:
    try:
        return ConsoleSettings()
    except ValidationError as error:
        raise NotSetUpError("CONSOLE_AIRFLOW_URL is not set") from error
