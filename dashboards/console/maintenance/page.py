"""Page "Maintenance": what `maintain` did last, what is due, and running it now."""

import streamlit as st

from dashboards import product_api, ui
from dashboards.console import components, last_runs, sources
from dashboards.console.access import page_of_dataset
from dashboards.console.maintenance import done, due, records, run_now
from dashboards.console.signing_in import fragments, sign_in
from dashboards.text import esc

SHOWN_RUNS = 5

account, dataset, caption, actions = page_of_dataset("Maintenance")
maintain = f"{dataset}__maintain"
with actions:
    with st.container(width="content"):  # else the fragment takes a row of its own
        run_now.button(account, dataset)
    sign_in.menu(account)
caption.caption(f"{esc(product_api.title(dataset))} · old files, old records and erased users")
components.confirmation(run_now.DONE)


@fragments.fragment(run_every=run_now.REFRESH_SECONDS)
def show_steps() -> None:
    """Show what was done and what is due, and update their ages."""
    left, right = st.columns([5, 3], gap="small")
    with left, components.card(height="stretch"):
        done.show(records.last_steps(dataset))
    with right, components.card(height="stretch"):
        ui.heading("Recent runs", f"[Airflow]({sources.airflow_page(maintain)})")
        last_runs.show(last_runs.newest(account, maintain)[:SHOWN_RUNS])
    with components.card():
        due.show_files(records.table_files(dataset))
    left, right = st.columns(2, gap="small")
    with left, components.card(height="stretch"):
        due.show_erasures(sources.open_erasures(dataset).value, records.erasures(dataset))
    with right, components.card(height="stretch"):
        due.show_releases(sources.releases(dataset).value)


show_steps()
