"""Starts a retrain by hand: its search, its approval, the reason that stands beside its verdict."""

import streamlit as st

from dashboards.console import data
from dashboards.console.data import Operator
from dashboards.text import esc
from warehouse import datasets
from warehouse.tables.vocabulary import SearchFamily

LONGEST_REASON = 500  # what the trigger form takes
BUDGETS = (0, 2, 5, 15, 30, 60, 120)  # minutes
FAMILIES: dict[SearchFamily, str] = {
    "any": "Any",
    "als": "ALS",
    "als_with_priors": "ALS with priors",
}
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
            minutes = st.select_slider(
                "Search for a better recipe",
                BUDGETS,
                key="search_minutes",
                format_func=lambda n: f"{n} min" if n else "No search",
            )
            family = st.segmented_control(
                "Recipes to try",
                list(FAMILIES),
                default="any",
                required=True,
                key="search_family",
                format_func=lambda name: FAMILIES[name],
            )
            ask = st.toggle(
                "Ask me before it is published",
                value=datasets.load_named(dataset).schedule.ask_for_approval,
                key="ask_for_approval",
            )
            reason = st.text_input(
                "Reason",
                key="reason",
                max_chars=LONGEST_REASON,
                placeholder="Why now? It stands beside the verdict.",
            )
            sent = st.form_submit_button("Start", type="primary", key="send_retrain")
        if sent:
            form = {
                "search_budget_minutes": minutes,
                "search_family": family,
                "ask_for_approval": ask,
                "reason": (reason or "").strip(),
            }
            run = data.start_retrain(operator, dataset, form)
            st.session_state[_STARTED] = run.run_id
            st.rerun()
