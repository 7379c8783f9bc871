"""Page "Retrains": start a retrain, watch it, stop it, answer what it asks; and the last ones."""

import streamlit as st

from dashboards import pages, product_api
from dashboards.console import components, last_runs, runs, sources
from dashboards.console.access import page_of_dataset
from dashboards.console.acts import reason
from dashboards.console.inline_errors import inline_errors
from dashboards.console.retrain_parts import approval, client, progress, search
from dashboards.console.retrains import history, queued, start, watch
from dashboards.console.signing_in import fragments, sign_in
from dashboards.text import esc

ACTIVE_SECONDS = 2  # interval of updates while a retrain is active; without one there are none

account, dataset, caption, actions = page_of_dataset("Retrains")
dag_id = f"{dataset}__retrain"
caption.caption(f"{esc(product_api.title(dataset))} · start, watch, approve and stop retrains")
newest, questions, verdicts, airflow_answered = [], {}, [], False
with inline_errors():
    newest = sources.runs(account, dag_id, watch.SHOWN_RUNS)
    questions = sources.questions(account, dag_id)
    airflow_answered = True
with inline_errors():
    verdicts = sources.verdicts(dataset).value
run = progress.shown(newest)
is_active = run is not None and run.state in runs.ACTIVE
before = watch.state(newest, questions)
with actions:
    if not is_active:  # nothing is updated by itself
        components.button("Refresh", "refresh", "refresh", sources.refresh_runs)
    sign_in.menu(account)
start.confirmation()
with inline_errors():
    approval.elsewhere(sources.waiting(account), dag_id)


@fragments.fragment(run_every=ACTIVE_SECONDS if is_active else None)
def show_progress() -> None:
    """Show the tasks of the active retrain and the end of their log, and update them."""
    with inline_errors():
        if is_active:
            watch.when_changed(account, dag_id, before)
        ingests = [] if run else last_runs.newest(account, f"{dataset}__ingest")
        progress.show(account, run, ingests)
        if run and (is_active or run.state == "failed"):
            progress.show_log(account, run)
        if run:
            progress.show_earlier_attempts(account, run)


@fragments.fragment(run_every=ACTIVE_SECONDS if is_active else None)
def show_search() -> None:
    """Show the trials of the active retrain's search as they come."""
    with inline_errors():
        if run:
            search.show_running(account, dataset, run)


if airflow_answered:
    with inline_errors():
        if run and is_active:
            verdict = next((v for v in verdicts if v.retrain_id == f"{dag_id}/{run.run_id}"), None)
            approval.show(account, dataset, run, questions.get(run.run_id), verdict)
    if not is_active:
        start.show(account, dataset, newest)
    with components.card():
        show_progress()
        if run:
            with components.row():
                address = sources.airflow_page(run.dag_id, run.run_id)
                icon = ":material/open_in_new:"
                st.link_button("Open in Airflow", address, type="tertiary", icon=icon)
                st.page_link(
                    pages.models(),
                    label="Evidence",
                    icon=":material/fact_check:",
                    query_params=pages.address() | {"retrain": f"{run.dag_id}/{run.run_id}"},
                )
                if is_active and (
                    why := reason.popover(
                        "Stop",
                        f"stop_{run.run_id}",
                        "stop_circle",
                        "Stop this retrain? Its running tasks are ended and nothing is published. "
                        "The live lists stay as they are.",
                    )
                ):
                    client.stop(account, dataset, run, reason=why)
                    st.rerun()
    for waiting in (each for each in newest if each.state == "queued" and each != run):
        queued.show(account, dataset, waiting)
    if run and is_active and run.search_minutes:
        with components.card():
            show_search()
    if is_active:
        start.show(account, dataset, newest)
    with components.card():
        history.show(newest, questions, {v.retrain_id: v.verdict for v in verdicts})
