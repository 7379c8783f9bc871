"""The last runs of a DAG with their outcome and duration."""

from collections.abc import Mapping, Sequence

import streamlit as st

from airflow_api.answers import Question, Run
from dashboards.console import badges, components, data, runs
from dashboards.console.badges import Badge
from dashboards.console.data import Operator
from dashboards.text import duration
from serving.schemas import Verdict

NEWEST_RUNS = 5
TRIGGERS = {"manual": "manual", "scheduled": "scheduled", "asset_triggered": "new data"}


def show(operator: Operator, dag_id: str, verdicts: Sequence[Verdict], n: int) -> None:
    """Show the last `n` runs of a DAG. The outcome of a successful retrain is its verdict."""
    newest, questions = data.runs(operator, dag_id, n), data.questions(operator, dag_id)
    verdict_by_run = {verdict.retrain_id: verdict.verdict for verdict in verdicts}
    if not newest:
        st.caption("No runs yet.")
        return
    rows = [
        {
            "Started (UTC)": f"{runs.start_time(run)} :gray[{TRIGGERS.get(run.run_type, '')}]",
            "Outcome": _outcome(run, verdict_by_run, questions.get(run.run_id)).markdown,
            "Duration": duration(run.seconds) if run.seconds else "",
        }
        for run in newest
    ]
    components.table(rows, "The last runs with start, outcome and duration")


def is_active(operator: Operator, dag_id: str) -> bool:
    """Return whether one of the newest runs of a DAG is queued or running."""
    return any(run.state in runs.ACTIVE for run in data.runs(operator, dag_id, NEWEST_RUNS))


def _outcome(run: Run, verdict_by_run: Mapping[str, str], question: Question | None) -> Badge:
    is_active = run.state in runs.ACTIVE
    if question and (badge := badges.of_question(question, is_active=is_active)):
        return badge
    verdict = verdict_by_run.get(f"{run.dag_id}/{run.run_id}")
    if run.state == "success" and verdict is not None:
        return badges.of_verdict(verdict)
    return badges.of_state(run.state)
