"""Starts a retrain by hand, with the reason that stands beside its verdict."""

import streamlit as st

from dashboards.console import data
from dashboards.console.data import Operator
from dashboards.text import esc

LONGEST_REASON = 500  # what the trigger form takes
_STARTED = "started_retrain"


def button(operator: Operator, dataset: str) -> None:
    """Show the button and its form; start the retrain when it is sent."""
    dag_id = f"{dataset}__retrain"
    if run_id := st.session_state.pop(_STARTED, None):
        st.toast(f"Started {esc(run_id)}", icon=":material/play_arrow:")
    paused = data.paused(operator)
    with st.popover("Start retrain", type="primary", icon=":material/play_arrow:", key="start"):
        if dag_id not in paused:
            st.caption("Airflow does not know this data set's retrain yet. Look again in a minute.")
            return
        if paused[dag_id]:
            st.caption("The DAG is paused in Airflow: the run waits until somebody unpauses it.")
        with st.form("retrain", border=False, clear_on_submit=True):
            reason = st.text_input(
                "Reason",
                key="reason",
                max_chars=LONGEST_REASON,
                placeholder="Why now? It stands beside the verdict.",
            )
            sent = st.form_submit_button("Start", type="primary", key="send_retrain")
        if sent:
            run = data.start_retrain(operator, dataset, (reason or "").strip())
            st.session_state[_STARTED] = run.run_id
            st.rerun()
