"""The button that runs the DAG `maintain` now."""

import streamlit as st

from dashboards.console import last_runs, runs, sources
from dashboards.console.acts import reason
from dashboards.console.acts.client import acting_as
from dashboards.console.inline_errors import inline_errors
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account

REFRESH_SECONDS = 30
DONE = "maintenance_started"
_QUESTION = (
    "Run the DAG maintain now? It deletes the rows of erased users, compacts small files, and "
    "deletes old files, records and logs. Lists are served meanwhile."
)


@fragments.fragment(run_every=REFRESH_SECONDS)
def button(account: Account, dataset: str) -> None:
    """Show the button with a field for the reason, and start a run when it is submitted."""
    with inline_errors():
        if last_runs.is_active(account, f"{dataset}__maintain"):
            st.button(
                "Running", "maintain_running", icon=":material/progress_activity:", disabled=True,
                help="A run has not ended yet",
            )  # fmt: skip
        elif why := reason.popover("Run now", "maintain", "cleaning_services", _QUESTION):
            _start(account, dataset, why)


def _start(account: Account, dataset: str, why: str) -> None:
    with acting_as(account, dataset, sources.refresh_runs) as client:
        run = client.start_maintenance(reason=why)
    st.session_state[DONE] = f"{runs.name(run.dag_id, run.run_id)} started."
    st.rerun()
