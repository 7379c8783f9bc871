"""Page "Overview": what is live, how it was proved, what runs, what people sent, the lake."""

import streamlit as st

from dashboards import choices, states, ui
from dashboards import product_api as demo
from dashboards.console import approval, data, figures, pieces, runs, sign_in, start, verdict
from dashboards.console.overview import feedback_loop, lake
from dashboards.text import esc, moment

SHOWN_RUNS = 4

who = sign_in.operator()
top = st.container(
    horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
)
with top:
    words = st.container(gap="xxsmall", width="content")
    words.title("Overview", anchor=False)
    actions = st.container(horizontal=True, width="content", gap="small")

with states.error_boundary():
    dataset = choices.dataset()
ingest, retrain = f"{dataset}__ingest", f"{dataset}__retrain"

live, decided, past = None, [], []
with pieces.told():
    title = esc(demo.title(dataset))
    found, judged = data.releases(dataset), data.verdicts(dataset)
    past, decided = found.value, judged.value
    live = next((each for each in past if each.live), None)
    states.stale_banner(found, judged)
    words.caption(
        f"{title} · release {live.release_id} of {esc(live.recipe)}, live since "
        f"{moment(live.live_since or live.ready_at)}"
        if live
        else f"{title} · nothing is live yet"
    )
with actions:
    with pieces.told():
        start.button(who, dataset)
    sign_in.menu(who)

if live and live.publishing_paused_by:
    st.warning(
        f"{esc(live.publishing_paused_by)} paused publishing. Release {live.release_id} stays live "
        "until publishing is resumed with `lantern resume`.",
        icon=":material/push_pin:",
    )
if live:
    figures.show(live, past, decided)
else:
    ui.empty_state(
        "Nothing is live yet",
        "Ingest brings the files into the lake; the first retrain makes a list for everybody. "
        "What runs now stands below.",
    )

with pieces.told():
    for run in [run for run in data.runs(who, retrain, 5) if run.state in runs.ACTIVE]:
        question = data.questions(who, retrain).get(run.run_id)
        approval.show(who, run, question, elsewhere=True)

left, right = st.columns([5, 3], gap="small")
with left, pieces.card(height="stretch"):
    active = any(run.state in runs.ACTIVE for run in data.runs(who, retrain, 5))

    @st.fragment(run_every=2 if active else 10)
    def watch() -> None:
        """Show how far the retrain is, again and again."""
        with pieces.told():
            runs.progress(who, retrain)

    watch()
with right:
    for heading, dag_id in (("Last retrains", retrain), ("Last ingests", ingest)):
        with pieces.card(height="stretch"):
            ui.heading(heading, f"[Airflow]({data.airflow_page(dag_id)})")
            runs.history(who, dag_id, decided, SHOWN_RUNS)

with pieces.card():
    if decided:
        verdict.show(decided[0])
    else:
        ui.heading("Last verdict", pieces.badge("idle", "None yet"))
        st.caption("Each retrain ends with one: what was decided, and by which figures.")
with pieces.card():
    feedback_loop.show(data.outbox(dataset).value, data.loop(dataset))
with pieces.card():
    lake.show(data.tables(dataset, live.retrain_id if live else None))
