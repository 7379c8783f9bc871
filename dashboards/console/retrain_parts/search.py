"""A retrain's search: its progress, its trials, the effect of each parameter, the best recipes.

The page Retrains shows a search while it runs, the page Models one that has ended.
"""

import json
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from dashboards import pages, ui
from dashboards.console import badges, components, lake_data, sources
from dashboards.console.badges import Badge
from dashboards.console.retrain_parts import trial_charts
from dashboards.console.retrain_rows import Retrain, Trial, best
from dashboards.console.runs import elapsed
from dashboards.console.sources import Account
from dashboards.text import NO_VALUE, duration, esc, plural

MAX_ROWS = 10
COLOURS = {"complete": "violet", "final": "green", "pruned": "gray", "failed": "red"}
_EACH_POINT = (
    "Each point is a trial's mean NDCG@10 over the rolling windows, the line the best so far."
)
_MEANINGS = {
    "pruned": "Pruned trials were stopped early because they were below the median of the other "
    "trials; their values are corrected for the windows that they skipped.",
    "final": "Finalists are averaged over several seeds.",
}


def show(dataset: str, retrain: Retrain, run: Run | None) -> None:
    """Show the search of a retrain. `run` is its run while that is active."""
    if run is not None and retrain.search is None and retrain.verdict is None:
        ui.heading("Search", Badge("running", "Running").markdown)
        st.page_link(
            pages.retrains(),
            label="The page Retrains shows its trials as they come",
            icon=":material/model_training:",
            query_params=pages.address(),
        )
        return
    trials = lake_data.trials(dataset, retrain.retrain_id)
    ui.heading("Search", _badge(trials, retrain).markdown)
    if not trials:
        st.caption(_without_trials(retrain))
        return
    _trials(trials, "best")


def show_running(account: Account, dataset: str, run: Run) -> None:
    """Show the search of an active run: how much of its budget is used, and its trials so far."""
    tasks = sources.tasks(account, run)
    task = next((task for task in tasks if task.task_id == "search" and task.started_at), None)
    ui.heading("Search", _badge_of_task(task).markdown)
    seconds = run.search_minutes * 60
    if task is None:
        st.progress(0.0, text="Waiting for the search to start")
        return
    used = elapsed(task, datetime.now(UTC))
    share = 1.0 if task.ended_at else min(used / seconds, 1.0)
    st.progress(share, text=f"{duration(used)} of {duration(seconds)}")
    trials = lake_data.trials(dataset, f"{run.dag_id}/{run.run_id}")
    if not trials:
        st.caption("The first trial finishes a minute or two after Spark has started.")
        return
    _trials(trials, "best so far")


def _trials(trials: Sequence[Trial], label: str) -> None:
    leader = best(trials)
    if leader and leader.value:
        n_trials = plural("trial", len(trials))
        st.markdown(f"{n_trials}, {label} **{leader.value:.4f}** :gray[{esc(leader.recipe)}]")
    views = {"By trial": _by_trial, "By parameter": _by_parameter, "Best recipes": _best}
    view = st.segmented_control(
        "View", list(views), default="By trial", key="view", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    views[view or "By trial"](trials)


def _by_trial(trials: Sequence[Trial]) -> None:
    rows = trial_charts.by_trial(trials)
    if not rows.empty:
        chart = trial_charts.progress(rows, trial_charts.line(trials), _theme_colours())
        st.altair_chart(chart, height=300, alt="NDCG@10 of each trial, and the best so far")
        st.caption(trial_meanings({*rows["kind"]}))
    if failed := [trial for trial in trials if trial.state == "failed"]:
        last_error = esc(failed[-1].failure or "no error message")
        n_failed = plural("trial", len(failed))
        st.caption(f":red[:material/close:] {n_failed} failed. Last error: {last_error}")


def _by_parameter(trials: Sequence[Trial]) -> None:
    names = trial_charts.parameters(trials)
    if not names:
        st.caption("Not enough trials yet to compare parameters.")
        return
    with st.grid(3, min_column_width=260):
        for name in names:
            chart = trial_charts.by_parameter(trials, name, _theme_colours())
            st.altair_chart(chart, height=190, alt=f"NDCG@10 by {name}", key=f"parameter-{name}")
    st.caption("NDCG@10 of each trial by the value of one parameter.")


def _best(trials: Sequence[Trial]) -> None:
    done = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    ranked = sorted(done, key=lambda trial: (trial.stage != "final", -(trial.value or 0)))
    windows = sorted({name for trial in done for name in trial.by_window})
    rows = [
        {
            "Trial": f"{trial.number}" + (" :green-badge[Finalist]" * (trial.stage == "final")),
            "Recipe": esc(trial.recipe),
            "NDCG@10": f"**{trial.value:.4f}**",
            **{window_name(w): _value(trial.by_window, w) for w in windows},
            "Duration": duration(trial.seconds),
            "Parameters": esc(trial_charts.parameter_text(trial)),
        }
        for trial in ranked[:MAX_ROWS]
    ]
    components.table(rows, "The best trials with their value on each window")
    if ranked:
        with st.expander(
            "Best recipe as JSON, for the recipe field of the form on the page Retrains"
        ):
            st.code(json.dumps(json.loads(ranked[0].recipe_json), indent=2), language="json")


def trial_meanings(drawn: Container[str]) -> str:
    """Return what the points of the chart mean, of the kinds of trials that are drawn."""
    meanings = (text for kind, text in _MEANINGS.items() if trial_charts.LABELS[kind] in drawn)
    return " ".join([_EACH_POINT, *meanings])


def window_name(name: str) -> str:
    """Return a window's label: "After 40 %" for "rolling_40", which follows 40 % of the ratings."""
    share = name.rpartition("_")[2]
    return f"After {share} %" if name.startswith("rolling") and share.isdigit() else name


def _value(by_window: Mapping[str, float], window: str) -> str:
    return f"{by_window[window]:.4f}" if window in by_window else NO_VALUE


def _theme_colours() -> dict[str, str]:
    return {kind: ui.theme_colour(name) for kind, name in COLOURS.items()}


def _badge_of_task(task: Task | None) -> Badge:
    if task is None:
        return Badge("idle", "Not started")
    return Badge("ok", "Done") if task.state == "success" else badges.of_state(task.state)


def _badge(trials: Sequence[Trial], retrain: Retrain) -> Badge:
    if retrain.search is None:
        return Badge("idle", "No result")
    if retrain.search.found_by == "search":
        return Badge("ok", "Done")
    return Badge("idle", "No completed trial" if trials else "No search")


def _without_trials(retrain: Retrain) -> str:
    if retrain.search is not None:
        return (
            "This retrain had no search budget, or no rolling window with users to evaluate. The "
            "nominated recipe is the challenger."
        )
    return "The retrain ended before its search, if it had a budget for one."
