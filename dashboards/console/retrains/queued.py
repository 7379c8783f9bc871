"""A retrain that waits until the active one has ended, with the act that cancels it."""

import streamlit as st

from airflow_api.answers import Run
from dashboards.console import components, runs
from dashboards.console.acts import reason
from dashboards.console.retrain_parts import client
from dashboards.console.sources import Account
from dashboards.text import esc


def show(account: Account, dataset: str, run: Run) -> None:
    """Show a queued retrain, who started it and why."""
    why = str(run.conf.get("reason") or "")
    by = run.started_by or runs.trigger(run)
    text = " · ".join(filter(None, [by, why]))
    with components.row(border=True, horizontal_alignment="distribute"):
        st.markdown(
            f":gray[:material/hourglass_top:] **{esc(runs.name(run.dag_id, run.run_id))}** is "
            f"queued :gray[{esc(text)}]",
            width="content",
        )
        question = "Cancel this retrain? It has not begun."
        if given := reason.popover("Cancel", f"cancel_{run.run_id}", "close", question):
            client.stop(account, dataset, run, reason=given)
            st.rerun()
