"""Page "Overview": whether all is well, live release, retrains, feedback and lake."""

from contextlib import suppress
from datetime import timedelta

import streamlit as st

from airflow_api.client import AirflowError
from dashboards import product_api, states, ui
from dashboards.console import (
    components,
    lake_data,
    last_runs,
    runs,
    sources,
)
from dashboards.console.access import page_of_dataset
from dashboards.console.inline_errors import inline_errors
from dashboards.console.overview import (
    feedback_loop,
    key_figures,
    lake_line,
    last_verdict,
    status,
    storage,
    watch,
)
from dashboards.console.retrain_parts import approval, progress
from dashboards.console.signing_in import fragments, sign_in
from dashboards.text import esc, moment
from warehouse import datasets

SHOWN_RUNS = 4
AGE_SECONDS, QUESTION_SECONDS, STATUS_SECONDS, STORAGE_SECONDS = 10, 5, 30, 60

account, dataset, caption, actions = page_of_dataset("Overview")
ingest, retrain = f"{dataset}__ingest", f"{dataset}__retrain"

live, verdicts, releases = None, [], []
with inline_errors():
    cached_releases, cached_verdicts = sources.releases(dataset), sources.verdicts(dataset)
    releases, verdicts = cached_releases.value, cached_verdicts.value
    live = next((release for release in releases if release.live), None)
    states.stale_banner(cached_releases, cached_verdicts)
    title = esc(product_api.title(dataset))
    state = "no live release"
    if live:
        since = moment(live.live_since or live.ready_at)
        state = f"release {live.release_id} ({esc(live.recipe)}), live since {since}"
    caption.caption(f"{title} · {state}")
with actions:
    components.retrains_link()
    sign_in.menu(account)
busy = False
with suppress(AirflowError):  # the cards report it
    busy = last_runs.is_active(account, retrain)
watch.when_changed(account, dataset, live, verdicts)

if not live:
    ui.empty_state(
        "No live release yet",
        "An ingest loads your files into the lake. The first retrain then creates a list for "
        "every user. Progress is shown below.",
    )


@fragments.fragment(run_every=STATUS_SECONDS)
def show_status() -> None:
    """Show whether everything is well, and what needs attention."""
    with components.card():
        status.show(status.lines(account, dataset), dataset)


@fragments.fragment(run_every=AGE_SECONDS)
def show_figures() -> None:
    """Show the key figures, and update their ages."""
    if live:
        with inline_errors():
            key_figures.show(live, releases, verdicts, last_verdict.badge(account, verdicts))


@fragments.fragment(run_every=QUESTION_SECONDS)
def show_questions() -> None:
    """Show the questions of active runs as soon as they are asked."""
    with inline_errors():
        for run in last_runs.newest(account, retrain):
            if run.state in runs.ACTIVE:
                question = sources.questions(account, retrain).get(run.run_id)
                verdict_asked = last_verdict.of_run(run, sources.verdicts(dataset).value)
                approval.notice(run, question, verdict_asked)


@fragments.fragment(run_every=2 if busy else AGE_SECONDS)
def show_retrain() -> None:
    """Show the progress of the retrain, and update it."""
    with components.card(height="stretch"):
        newest = last_runs.newest(account, retrain)
        run = progress.shown(newest)
        progress.show(account, run, [] if run else last_runs.newest(account, ingest))


@fragments.fragment(run_every=AGE_SECONDS)
def show_runs() -> None:
    """Show the last runs of both DAGs."""
    with components.card(height="stretch"):
        ui.heading("Recent retrains", f"[Airflow]({sources.airflow_page(retrain)})")
        last_runs.show_retrains(account, retrain, verdicts, SHOWN_RUNS)
    with components.card(height="stretch"):
        ui.heading("Recent ingests", f"[Airflow]({sources.airflow_page(ingest)})")
        last_runs.show(last_runs.newest(account, ingest)[:SHOWN_RUNS])


@fragments.fragment(run_every=AGE_SECONDS)
def show_verdict_and_data() -> None:
    """Show the last verdict, the feedback loop and the lake, and update their ages."""
    with components.card():
        last_verdict.show(account, verdicts)
    with components.card():
        promised = timedelta(minutes=datasets.load_named(dataset).promises.collect_minutes)
        feedback_loop.show(sources.outbox(dataset).value, lake_data.feedback(dataset), promised)
    with components.card():
        lake_line.show(lake_data.tables(dataset, live.retrain_id if live else None))


@fragments.fragment(run_every=STORAGE_SECONDS)
def show_storage() -> None:
    """Show free space and the largest tables."""
    with components.card():
        storage.show_disk(lake_data.disk())
        storage.show_tables(storage.tables(account, dataset))


show_status()
show_figures()
show_questions()
left, right = st.columns([5, 3], gap="small")
with left:
    show_retrain()
with right:
    show_runs()
show_verdict_and_data()
show_storage()
