"""The last verdict: its badge, and its card."""

from collections.abc import Sequence

import streamlit as st

from airflow_api.answers import Run
from dashboards import ui
from dashboards.console import badges, last_runs, sources, verdict
from dashboards.console.badges import Badge
from dashboards.console.sources import Account
from serving.schemas import Verdict


def of_run(run: Run, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict of a retrain's run, or None before it."""
    retrain_id = f"{run.dag_id}/{run.run_id}"
    return next((each for each in verdicts if each.retrain_id == retrain_id), None)


def badge(account: Account, verdicts: Sequence[Verdict]) -> Badge | None:
    """Return the badge of the newest verdict; it says whether its release is published yet."""
    if not verdicts:
        return None
    newest = verdicts[0]
    dag_id, _, run_id = newest.retrain_id.partition("/")
    run = next((run for run in last_runs.newest(account, dag_id) if run.run_id == run_id), None)
    return badges.of_retrain(newest.verdict, run, sources.questions(account, dag_id).get(run_id))


def show(account: Account, verdicts: Sequence[Verdict]) -> None:
    """Show the newest verdict with its evidence."""
    last = badge(account, verdicts)
    if last is None:
        ui.heading("Last verdict", Badge("idle", "None yet").markdown)
        st.caption("Each retrain gets a verdict: the gate's decision and the figures behind it.")
        return
    verdict.show_with_figures(verdicts[0], last)
