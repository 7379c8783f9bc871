"""The button that runs the DAG `maintain` now."""

import streamlit as st

from dashboards.console import data, last_runs, runs
from dashboards.console.acts import reason
from dashboards.console.acts.client import acting_as
from dashboards.console.data import Operator
from dashboards.console.inline_errors import inline_errors

REFRESH_SECONDS = 30
_DONE = "maintenance_started"
_QUESTION = (
    "Run the DAG maintain now? It deletes the rows of erased users, compacts small files, and "
    "deletes old files, records and logs. Lists are served meanwhile."
)


@st.fragment(run_every=REFRESH_SECONDS)
def button(operator: Operator, dataset: str) -> None:
    """Show the button with a field for the reason, and start a run when it is submitted."""
    with inline_errors():
        if last_runs.is_active(operator, f"{dataset}__maintain"):
            st.button(
                "Running", "maintain_running", icon=":material/progress_activity:", disabled=True,
                help="A run has not ended yet",
            )  # fmt: skip
        elif why := reason.popover("Run now", "maintain", "cleaning_services", _QUESTION):
            _start(operator, dataset, why)


def _start(operator: Operator, dataset: str, why: str) -> None:
    try:
        with acting_as(operator, dataset) as client:
            run = client.start_maintenance(reason=why)
    finally:
        data.refresh_runs()
    st.session_state[_DONE] = f"{runs.name(run.dag_id, run.run_id)} started."
    st.rerun()


def confirmation() -> None:
    """Confirm a start once, on the page that follows it."""
    if message := st.session_state.pop(_DONE, None):
        st.success(message, icon=":material/check_circle:")
