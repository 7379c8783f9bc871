"""The facts that the status needs, as this operator may read them.

A source that does not answer gives None: the status says so, and the other lines stay.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import streamlit as st
from pydantic import ValidationError

from airflow_api.answers import Run
from airflow_api.client import AirflowError, SignInRefusedError
from dashboards.answers import CachedAnswer
from dashboards.console import lake_data, last_runs, runs, sources
from dashboards.console.sources import BY_NAME, Account
from dashboards.settings import NotSetUpError, demo_settings
from monitoring.facts import (
    DAG_KINDS,
    STOPPED,
    DagKind,
    DagState,
    Data,
    Erasures,
    Facts,
    Orchestration,
    Serving,
)
from monitoring.reading import lake as lake_facts
from monitoring.reading import services
from monitoring.reading import serving as serving_facts
from serving.errors import ApiError, ApiUnavailableError
from warehouse import datasets
from warehouse.errors import WarehouseError

T = TypeVar("T")


def gather(account: Account, dataset: str) -> Facts:
    """Return what is known now.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
    """
    return Facts(
        serving=_known(lambda: _serving(dataset)),
        data=_known(lambda: _data(dataset, _live_retrain(dataset))),
        orchestration=_known(lambda: _orchestration(account, dataset)),
        erasures=_known(lambda: _erasures(dataset)),
        services=_known(_services) or {},
        disk=_known(lake_data.disk),
    )


def _known(read: Callable[[], T]) -> T | None:
    """Return what was read; None if its source does not answer or is not set up."""
    try:
        return read()
    except SignInRefusedError:
        raise
    except (AirflowError, ApiError, NotSetUpError, ValidationError, WarehouseError):
        return None


def _serving(dataset: str) -> Serving:
    releases, verdicts = _fresh(sources.releases(dataset)), _fresh(sources.verdicts(dataset))
    return serving_facts.serving(releases, verdicts, _fresh(sources.outbox(dataset)))


def _erasures(dataset: str) -> Erasures:
    return serving_facts.erasures(_fresh(sources.open_erasures(dataset)))


def _fresh(answer: CachedAnswer[T]) -> T:
    if answer.stale:
        raise ApiUnavailableError("the API does not answer; an earlier answer is no fact")
    return answer.value


def _live_retrain(dataset: str) -> str | None:
    live = (release for release in sources.releases(dataset).value if release.live)
    return next((release.retrain_id for release in live), None)


@st.cache_data(ttl="30s", show_spinner=False)
def _data(dataset: str, live_retrain_id: str | None) -> Data:
    return lake_facts.data(lake_data.of(dataset), live_retrain_id, datetime.now(UTC))


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_NAME)
def _orchestration(account: Account, dataset: str) -> Orchestration:
    paused = sources.is_paused_by_dag(account)
    kinds = [
        kind
        for kind in DAG_KINDS
        if kind != "collect" or datasets.load_named(dataset).takes_feedback
    ]
    dags: Mapping[DagKind, DagState] = {
        kind: _state(last_runs.newest(account, dag_id), is_paused=paused.get(dag_id, False))
        for kind, dag_id in ((kind, f"{dataset}__{kind}") for kind in kinds)
    }
    return Orchestration(dags, _approvals(account, f"{dataset}__retrain"))


def _state(newest: list[Run], *, is_paused: bool) -> DagState:
    if not newest:
        return DagState(is_paused)
    run = newest[0]
    state = STOPPED if run.is_stopped else run.state
    return DagState(is_paused, state, run.started_at, run.ended_at)


def _approvals(account: Account, dag_id: str) -> tuple[datetime, ...]:
    """Return since when each approval of an active run has been waiting."""
    active = {run.run_id for run in last_runs.newest(account, dag_id) if run.state in runs.ACTIVE}
    waiting = (
        question.asked_at
        for run_id, question in sources.questions(account, dag_id).items()
        if run_id in active and question.answer is None
    )
    return tuple(asked_at for asked_at in waiting if asked_at is not None)


@st.cache_data(ttl="15s", show_spinner=False)
def _services() -> Mapping[str, bool]:
    """Return which services answer. The app does: it shows the page."""
    api_url, airflow_url = demo_settings().api_url, sources.airflow_url()
    return {**services.answering(api_url=api_url, airflow_url=airflow_url), "App": True}
