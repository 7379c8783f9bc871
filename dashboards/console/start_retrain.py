"""The form that starts a retrain."""

from contextlib import suppress

import streamlit as st

from dashboards.console import data, lake_data, runs
from dashboards.console.data import Operator
from dashboards.console.retrains import TrialCost
from dashboards.text import plural
from warehouse import datasets
from warehouse.errors import WarehouseError
from warehouse.tables.vocabulary import SearchFamily

MAX_REASON_LENGTH = 500  # the limit of Airflow's trigger form
BUDGETS = (0, 2, 5, 15, 30, 60, 120)  # minutes
FAMILIES: dict[SearchFamily, str] = {
    "any": "Any", "als": "ALS", "als_with_priors": "ALS with priors", "item_item": "Item-item",
}  # fmt: skip
_STARTED, _N_STARTED, _CONFIRMED = "started_retrain", "n_started_retrains", "start_another"
_FIELDS = ("search_minutes", "search_family", "ask_for_approval", "reason", _CONFIRMED)


def button(operator: Operator, dataset: str) -> None:
    """Show the button with its form, and start a retrain when the form is submitted."""
    dag_id = f"{dataset}__retrain"
    if run_id := st.session_state.pop(_STARTED, None):
        st.toast(f"{runs.name(dag_id, run_id)} started", icon=":material/play_arrow:")
    paused = data.paused(operator)
    # another key is another element: after a start the form is closed and empty
    key = f"start_{st.session_state.get(_N_STARTED, 0)}"
    with st.popover("Start retrain", type="primary", icon=":material/play_arrow:", key=key):
        if dag_id not in paused:
            st.caption("Airflow has not loaded this data set's DAG yet. Try again in a minute.")
            return
        if paused[dag_id]:
            st.caption("The DAG is paused in Airflow. The run will wait until the DAG is unpaused.")
        active = [run for run in data.runs(operator, dag_id, 5) if run.state in runs.ACTIVE]
        form = _form(dataset, is_active=bool(active))
        if form is None:
            return
        if active and not st.session_state.get(_CONFIRMED):
            st.warning("Confirm that another retrain is to start.", icon=":material/edit:")
            return
        run = data.start_retrain(operator, dataset, form)
        st.session_state[_STARTED] = run.run_id
        st.session_state[_N_STARTED] = st.session_state.get(_N_STARTED, 0) + 1
        for field in _FIELDS:
            st.session_state.pop(field, None)
        st.rerun()


def budget_text(minutes: float, cost: TrialCost | None) -> str:
    """Return a budget as text: "15 min, about 12 trials"."""
    if not minutes:
        return "No search"
    n_trials = f", about {plural('trial', cost.n_trials(minutes * 60))}" if cost else ""
    return f"{minutes} min{n_trials}"


def _trial_cost(dataset: str) -> TrialCost | None:
    with suppress(WarehouseError):  # the cards report it
        return lake_data.trial_cost(dataset)
    return None


def _form(dataset: str, *, is_active: bool) -> dict[str, object] | None:
    """Return the values of the submitted form; None before that."""
    cost = _trial_cost(dataset)
    with st.form("retrain", border=False):
        minutes = st.select_slider(
            "Search budget",
            BUDGETS,
            key="search_minutes",
            format_func=lambda minutes: budget_text(minutes, cost),
            help="The first trials are the live recipe and the nominated one. A search with fewer "
            "than 10 trials seldom finds a better recipe.",
        )
        if cost is None:
            st.caption("After the first search, the number of trials in each budget is shown.")
        family = st.segmented_control(
            "Recipes to search for",
            list(FAMILIES),
            default="any",
            required=True,
            key="search_family",
            format_func=lambda family: FAMILIES[family],
        )
        ask_for_approval = st.toggle(
            "Require approval before publishing",
            value=datasets.load_named(dataset).schedule.ask_for_approval,
            key="ask_for_approval",
        )
        reason = st.text_input(
            "Reason (shown on the Models page)", key="reason", max_chars=MAX_REASON_LENGTH
        )
        if is_active:
            st.caption("A retrain is running. Another one waits until it has ended.")
            st.checkbox("Start another one", key=_CONFIRMED)
        submitted = st.form_submit_button("Start", type="primary", key="send_retrain")
    if not submitted:
        return None
    return {
        "search_budget_minutes": minutes,
        "search_family": family,
        "ask_for_approval": ask_for_approval,
        "reason": (reason or "").strip(),
    }
