"""The last runs of a DAG with their outcome and duration."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import streamlit as st

from airflow_api.answers import Question, Run
from dashboards.console import badges, components, runs, sources
from dashboards.console.sources import Account
from dashboards.text import duration
from serving.schemas import Verdict

NEWEST_RUNS = 5  # of a DAG that Airflow is asked for: by all cards the same, so that they share it


def newest(account: Account, dag_id: str) -> list[Run]:
    """Return the newest runs of a DAG, newest first."""
    return sources.runs(account, dag_id, NEWEST_RUNS)


def is_active(account: Account, dag_id: str) -> bool:
    """Return whether one of the newest runs of a DAG is queued or running."""
    return any(run.state in runs.ACTIVE for run in newest(account, dag_id))


def show_retrains(account: Account, dag_id: str, verdicts: Sequence[Verdict], n: int) -> None:
    """Show the last `n` retrains. The outcome of a successful one is its verdict."""
    questions = sources.questions(account, dag_id)
    verdict_by_run = {verdict.retrain_id: verdict.verdict for verdict in verdicts}
    show(newest(account, dag_id)[:n], verdict_by_run, questions)


def show(
    shown: Sequence[Run],
    verdict_by_run: Mapping[str, str] = MappingProxyType({}),
    questions: Mapping[str, Question] = MappingProxyType({}),
) -> None:
    """Show runs with time, outcome and duration. Verdicts and questions are those of retrains."""
    if not shown:
        st.caption("No runs yet.")
        return
    rows = [
        {
            "Requested (UTC)": f"{runs.request_time(run)} :gray[{runs.trigger(run)}]",
            "Outcome": badges.of_run(run, verdict_by_run, questions).markdown,
            "Duration": duration(run.seconds) if run.seconds else "",
        }
        for run in shown
    ]
    components.table(rows, "The last runs with time of the request, outcome and duration")
