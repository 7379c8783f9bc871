"""The last runs of a DAG with their outcome and duration."""

from collections.abc import Sequence

import streamlit as st

from dashboards.console import badges, components, runs, sources
from dashboards.console.sources import Account
from dashboards.text import duration
from serving.schemas import Verdict

NEWEST_RUNS = 5


def show(account: Account, dag_id: str, verdicts: Sequence[Verdict], n: int) -> None:
    """Show the last `n` runs of a DAG. The outcome of a successful retrain is its verdict."""
    newest, questions = sources.runs(account, dag_id, n), sources.questions(account, dag_id)
    verdict_by_run = {verdict.retrain_id: verdict.verdict for verdict in verdicts}
    if not newest:
        st.caption("No runs yet.")
        return
    rows = [
        {
            "Started (UTC)": f"{runs.start_time(run)} :gray[{runs.trigger(run)}]",
            "Outcome": badges.of_run(run, verdict_by_run, questions).markdown,
            "Duration": duration(run.seconds) if run.seconds else "",
        }
        for run in newest
    ]
    components.table(rows, "The last runs with start, outcome and duration")


def is_active(account: Account, dag_id: str) -> bool:
    """Return whether one of the newest runs of a DAG is queued or running."""
    return any(run.state in runs.ACTIVE for run in sources.runs(account, dag_id, NEWEST_RUNS))
