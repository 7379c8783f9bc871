"""Retrains: the DAG's form and logs from Airflow, and operators' acts through the API."""

import re
from collections.abc import Mapping, Sequence

import streamlit as st

from airflow_api.answers import Dag, Run, Task
from airflow_api.client import UnknownRunError
from dashboards.console import sources
from dashboards.console.acts.client import acting_as
from dashboards.console.sources import BY_NAME, Account
from serving.schemas import DagRun, ParameterValue

LOG_LINES, MAX_LINE_LENGTH = 15, 400
READ_LINES = 3 * LOG_LINES  # some of them are left out
_NOISE = re.compile(  # marks of Airflow, how it fetched the log, and what a JVM without BLAS prints
    r"\s*$|::(end)?group::|Log message source details|\S*/attempt=\d+\.log\S*$"
    r"|(\*+ *)?Could not read served logs|(\*+ *)?Reading remote log|netlib-(blas|lapack): "
    r"|WARNING: Using incubator modules|.* WARN InstanceBuilder: Failed to load implementation"
)
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")  # colours of terminals, …


@st.cache_data(ttl="60s", show_spinner=False, hash_funcs=BY_NAME)
def dag(account: Account, dag_id: str) -> Dag | None:
    """Return a DAG with the fields of its form; None until Airflow has loaded it."""
    try:
        return account.airflow.dag(dag_id)
    except UnknownRunError:
        return None


@st.cache_data(ttl="4s", max_entries=100, show_spinner=False, hash_funcs=BY_NAME)
def log_tail(account: Account, run: Run, task: Task) -> list[str]:
    """Return the last lines of a task's log; none while there is no log yet."""
    return _log_tail(account, run, task)


@st.cache_data(ttl="60s", max_entries=100, show_spinner=False, hash_funcs=BY_NAME)
def ended_log_tail(account: Account, run: Run, task: Task) -> list[str]:
    """Return the last lines of the log of an attempt that has ended: they do not change."""
    return _log_tail(account, run, task)


def shortened(lines: Sequence[str]) -> list[str]:
    """Return lines of a log without noise and control characters, each cut to length."""
    texts = [_CONTROL.sub("", line).rstrip() for line in lines]
    texts = [text for text in texts if not _NOISE.match(text)]
    return [
        text if len(text) <= MAX_LINE_LENGTH else f"{text[:MAX_LINE_LENGTH]}…" for text in texts
    ]


def start(
    account: Account,
    dataset: str,
    parameters: Mapping[str, ParameterValue],
    *,
    reason: str,
    may_wait: bool,
) -> DagRun:
    """Start a retrain as this operator.

    Raises:
        RetrainActiveError: another one is active, and this one may not wait behind it.
        RequestRefusedError: a value does not fit the DAG's form.
        UnknownRunError: Airflow has not loaded the DAG.
    """
    with acting_as(account, dataset, sources.refresh_runs) as client:
        return client.start_retrain(parameters, reason=reason, may_wait=may_wait)


def stop(account: Account, dataset: str, run: Run, *, reason: str) -> None:
    """Stop a retrain as this operator.

    Raises:
        RetrainEndedError: it has ended.
    """
    with acting_as(account, dataset, sources.refresh_runs) as client:
        client.stop_retrain(run.run_id, reason=reason)


def answer(account: Account, dataset: str, run: Run, *, approve: bool, reason: str) -> None:
    """Approve or reject a model as this operator.

    Raises:
        NoQuestionError: the retrain waits for no answer, or was answered.
        OwnRetrainError: the operator started it, and another account must approve it.
    """
    with acting_as(account, dataset, sources.refresh_runs) as client:
        client.answer_retrain(run.run_id, approve=approve, reason=reason)


def _log_tail(account: Account, run: Run, task: Task) -> list[str]:
    try:
        lines = account.airflow.log_tail(run, task, READ_LINES)
    except UnknownRunError:
        return []
    return shortened(lines)[-LOG_LINES:]
