"""Page "Models": one retrain's verdict, its recipes, its search, and the retrains over time."""

import streamlit as st

from dashboards import pages, product_api, ui
from dashboards.console import (
    badges,
    components,
    lake_data,
    last_runs,
    runs,
    sources,
    verdict,
)
from dashboards.console.access import page_of_dataset
from dashboards.console.inline_errors import inline_errors
from dashboards.console.models import (
    comparison,
    history,
    leaderboard,
    refresh,
    rolling,
    sample_users,
)
from dashboards.console.retrain_parts import approval, search
from dashboards.console.signing_in import sign_in
from dashboards.text import esc, plural

account, dataset, caption, actions = page_of_dataset("Models")
retrains, newest_runs, questions = [], [], {}
with inline_errors():
    retrains = lake_data.retrains(dataset)
    title = esc(product_api.title(dataset))
    caption.caption(f"{title} · {plural('retrain', len(retrains))}")
with inline_errors():
    newest_runs = last_runs.newest(account, f"{dataset}__retrain")
    questions = sources.questions(account, f"{dataset}__retrain")
running = {run.run_id: run for run in newest_runs if run.state in runs.ACTIVE}
stopped = {run.run_id for run in newest_runs if run.is_stopped}
with actions:
    components.retrains_link()
    sign_in.menu(account)

if not retrains:
    ui.empty_state(
        "No models evaluated yet",
        "A retrain trains recipes on older events and evaluates them on newer ones. The results "
        "will appear here, whether or not a model is published.",
    )
    refresh.when_changed(account, dataset, retrains, running, questions)
    pages.end()

retrain = history.picker(retrains)
compared = comparison.picker(retrains, retrain)
run = running.get(retrain.run_id)
refresh.when_changed(account, dataset, retrains, running, questions)
with inline_errors():
    approval.notice(run, questions.get(retrain.run_id), retrain.verdict)
if compared:
    with components.card():
        comparison.show(dataset, retrain, compared)
    pages.end()

metrics, samples = [], []
with inline_errors():
    metrics = lake_data.model_metrics(dataset, retrain.retrain_id)
    samples = lake_data.sample_lists(dataset, retrain.retrain_id)
if retrain.verdict:
    leaderboard.key_figures(retrain)
    with components.card():
        its_run = next((each for each in newest_runs if each.run_id == retrain.run_id), None)
        question = questions.get(retrain.run_id)
        badge = badges.of_retrain(retrain.verdict.verdict, its_run, question)
        verdict.show(retrain.verdict, badge)
if metrics:
    with components.card():
        leaderboard.show(metrics)
with components.card():
    search.show(dataset, retrain, run)
if metrics or samples:
    with components.card():
        sample_users.show(samples)
    left, right = st.columns(2, gap="small")
    with left, components.card(height="stretch"):
        rolling.show(metrics)
    with right, components.card(height="stretch"):
        history.show(retrains, questions, running, stopped)
else:
    with components.card():
        history.show(retrains, questions, running, stopped)
