"""Page "Overview": live release, running retrain, last verdict, feedback and lake."""

import streamlit as st

from dashboards import choices, product_api, states, ui
from dashboards.console import (
    approval,
    badges,
    components,
    data,
    lake_data,
    runs,
    sign_in,
    start_retrain,
    verdict,
)
from dashboards.console.inline_errors import inline_errors
from dashboards.console.overview import (
    feedback_loop,
    key_figures,
    lake,
    last_runs,
    retrain_progress,
)
from dashboards.text import esc, moment

SHOWN_RUNS = 4

operator = sign_in.operator()
caption, actions = components.page_head("Overview")
with states.error_boundary():
    dataset = choices.dataset()
ingest, retrain = f"{dataset}__ingest", f"{dataset}__retrain"

live, verdicts, releases = None, [], []
with inline_errors():
    cached_releases, cached_verdicts = data.releases(dataset), data.verdicts(dataset)
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
    with inline_errors():
        start_retrain.button(operator, dataset)
    sign_in.menu(operator)

if live and live.publishing_paused_by:
    st.warning(
        f"{esc(live.publishing_paused_by)} paused publishing. Retrains still run, but release "
        f"{live.release_id} stays live until publishing is resumed with `lantern resume`.",
        icon=":material/pause_circle:",
    )
if live:
    key_figures.show(live, releases, verdicts)
else:
    ui.empty_state(
        "No live release yet",
        "The ingest DAG loads your files into the lake. The first retrain then creates a list for "
        "every user. Progress is shown below.",
    )

with inline_errors():
    for run in data.runs(operator, retrain, 5):
        if run.state in runs.ACTIVE:
            question = data.questions(operator, retrain).get(run.run_id)
            approval.show(operator, run, question, link_to_evidence=True)

left, right = st.columns([5, 3], gap="small")
with left, components.card(height="stretch"):
    active = any(run.state in runs.ACTIVE for run in data.runs(operator, retrain, 5))

    @st.fragment(run_every=2 if active else 10)
    def watch_retrain() -> None:
        """Show the progress of the retrain, and update it."""
        with inline_errors():
            retrain_progress.show(operator, retrain)

    watch_retrain()
with right:
    for heading, dag_id in (("Recent retrains", retrain), ("Recent ingests", ingest)):
        with components.card(height="stretch"):
            ui.heading(heading, f"[Airflow]({data.airflow_page(dag_id)})")
            last_runs.show(operator, dag_id, verdicts, SHOWN_RUNS)

with components.card():
    if verdicts:
        verdict.show_with_figures(verdicts[0])
    else:
        ui.heading("Last verdict", badges.Badge("idle", "None yet").markdown)
        st.caption("Each retrain gets a verdict: the gate's decision and the figures behind it.")
with components.card():
    feedback_loop.show(data.outbox(dataset).value, lake_data.feedback(dataset))
with components.card():
    lake.show(lake_data.tables(dataset, live.retrain_id if live else None))
