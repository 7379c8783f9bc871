"""Page "Models": what was tried, how it did against what, what the gate said, and to whom."""

import streamlit as st

from dashboards import choices, states, ui
from dashboards import product_api as demo
from dashboards.console import approval, data, pieces, sign_in, start, verdict
from dashboards.console.models import history as past
from dashboards.console.models import leaderboard, progress, rolling, sample_users, search
from dashboards.console.runs import ACTIVE
from dashboards.text import esc, plural

who = sign_in.operator()
top = st.container(
    horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
)
with top:
    words = st.container(gap="xxsmall", width="content")
    words.title("Models", anchor=False)
    actions = st.container(horizontal=True, width="content", gap="small")

with states.error_boundary():
    dataset = choices.dataset()
known, running, asked = [], {}, {}
with pieces.told():
    known = data.retrains(dataset)
    words.caption(f"{esc(demo.title(dataset))} · {plural('retrain', len(known))}")
with pieces.told():
    found = data.runs(who, f"{dataset}__retrain", 5)
    running = {run.run_id: run for run in found if run.state in ACTIVE}
    asked = data.questions(who, f"{dataset}__retrain")
with actions:
    with pieces.told():
        start.button(who, dataset)
    sign_in.menu(who)

if not known:
    ui.empty_state(
        "No model was judged yet",
        "The first retrain fits recipes on the older rows and judges them on the newer ones. "
        "Its evidence stands here, whatever comes of it.",
    )
    progress.watch_for_news(dataset, known, running)
    st.stop()

chosen = past.picker(known)
run = running.get(chosen.run_id)
progress.watch_for_news(dataset, known, running)
with pieces.told():
    approval.show(who, run, asked.get(chosen.run_id))

metrics, samples = [], []
with pieces.told():
    metrics = data.model_metrics(dataset, chosen.retrain_id)
    samples = data.sample_lists(dataset, chosen.retrain_id)
if chosen.verdict:
    leaderboard.figures(chosen)
    with pieces.card():
        verdict.judgement(chosen.verdict)
if metrics:
    with pieces.card():
        leaderboard.show(metrics)
with pieces.card():
    search.show(who, dataset, chosen, run)
if metrics or samples:
    with pieces.card():
        sample_users.show(samples)
    left, right = st.columns(2, gap="small")
    with left, pieces.card(height="stretch"):
        rolling.show(metrics)
    with right, pieces.card(height="stretch"):
        past.show(known, asked, running)
else:
    with pieces.card():
        past.show(known, asked, running)
