"""The button that runs the DAG `maintain` now."""

import streamlit as st

from dashboards.console import runs
from dashboards.console.acts import reason
from dashboards.console.acts.client import as_operator
from dashboards.console.data import Operator
from dashboards.console.maintenance import lake
from dashboards.console.overview import last_runs

_DONE = "maintenance_started"
_QUESTION = (
    "Run the DAG maintain now? It deletes the rows of erased users, compacts small files, and "
    "deletes old files, records and logs. Lists are served meanwhile."
)


def button(operator: Operator, dataset: str) -> None:
    """Show the button with a field for the reason, and start a run when it is submitted."""
    if last_runs.is_active(operator, f"{dataset}__maintain"):
        st.button(
            "Running", "maintain_running", icon=":material/progress_activity:", disabled=True,
            help="A run has not ended yet",
        )  # fmt: skip
        return
    why = reason.popover("Run now", "maintain", "cleaning_services", _QUESTION)
    if not why:
        return
    with as_operator(operator, dataset) as client:
        run = client.start_maintenance(reason=why)
    lake.clear()
    st.session_state[_DONE] = f"{runs.name(run.dag_id, run.run_id)} started."
    st.rerun()


def confirmation() -> None:
    """Confirm a start once, on the page that follows it."""
    if message := st.session_state.pop(_DONE, None):
        st.success(message, icon=":material/check_circle:")
