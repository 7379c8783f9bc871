"""A retrain's search: its progress, each trial, the effect of each parameter, the best recipes."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from dashboards import ui
from dashboards.console import components, data, lake_data
from dashboards.console.badges import Badge
from dashboards.console.data import Operator
from dashboards.console.inline_errors import inline_errors
from dashboards.console.models import trial_charts
from dashboards.console.retrains import Retrain, Trial, best
from dashboards.console.runs import elapsed
from dashboards.text import NO_VALUE, duration, esc, plural

REFRESH_SECONDS = 3  # while the search runs
MAX_ROWS = 10
VIEWS = ("By trial", "By parameter", "Best recipes")
COLOURS = {"complete": "violet", "final": "green", "pruned": "gray", "failed": "red"}


def show(operator: Operator, dataset: str, retrain: Retrain, run: Run | None) -> None:
    """Show the search of a retrain, and refresh it while it runs."""
    active = run if retrain.search is None and retrain.verdict is None else None

    @st.fragment(run_every=REFRESH_SECONDS if active else None)
    def watch_search() -> None:
        """Show the trials so far."""
        with inline_errors():
            _panel(lake_data.trials(dataset, retrain.retrain_id), retrain, active)
            if active and active.search_minutes:
                _budget(data.tasks(operator, active), active.search_minutes * 60)

    watch_search()


def _panel(trials: Sequence[Trial], retrain: Retrain, run: Run | None) -> None:
    ui.heading("Search", _badge(trials, retrain, run).markdown)
    if not trials:
        st.caption(_without_trials(retrain, run))
        return
    leader = best(trials)
    if leader and leader.value:
        st.markdown(
            f"{plural('trial', len(trials))}, best {'so far ' if run else ''}"
            f"**{leader.value:.4f}** :gray[{esc(leader.recipe)}]"
        )
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="view", label_visibility="collapsed"
    )
    if view == VIEWS[0]:
        _by_trial(trials)
    elif view == VIEWS[1]:
        _by_parameter(trials)
    else:
        _best(trials)


def _budget(tasks: Sequence[Task], seconds: float) -> None:
    """Show the part of the budget that is used."""
    task = next((task for task in tasks if task.task_id == "search" and task.started_at), None)
    if task is None:
        st.progress(0.0, text="Waiting for the tables to be frozen")
        return
    used = elapsed(task, datetime.now(UTC))
    st.progress(min(used / seconds, 1.0), text=f"{duration(used)} of {duration(seconds)}")


def _by_trial(trials: Sequence[Trial]) -> None:
    rows = trial_charts.by_trial(trials)
    if not rows.empty:
        st.altair_chart(
            trial_charts.progress(rows, trial_charts.line(trials), _theme_colours()),
            height=300,
            alt="NDCG@10 of each trial, and the best so far",
        )
    failed = [trial for trial in trials if trial.state == "failed"]
    if failed:
        st.caption(
            f":red[:material/close:] {plural('trial', len(failed))} failed. Last error: "
            f"{esc(failed[-1].failure or 'no error message')}"
        )
    st.caption(
        "Each point is the mean NDCG@10 over the rolling windows. Pruned trials were stopped early "
        "because they were clearly behind. Finalists are averaged over several seeds."
    )


def _by_parameter(trials: Sequence[Trial]) -> None:
    names = trial_charts.parameters(trials)
    if not names:
        st.caption("Not enough trials yet to compare parameters.")
        return
    with st.grid(3, min_column_width=260):
        for name in names:
            st.altair_chart(
                trial_charts.by_parameter(trials, name, _theme_colours()),
                height=190,
                alt=f"NDCG@10 by {name}",
                key=f"parameter-{name}",
            )
    st.caption("NDCG@10 of each trial by the value of one parameter.")


def _best(trials: Sequence[Trial]) -> None:
    done = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    ranked = sorted(done, key=lambda trial: (trial.stage != "final", -(trial.value or 0)))
    windows = sorted({name for trial in done for name in trial.by_window})
    components.table(
        [
            {
                "Trial": f"{trial.number}" + (" :green-badge[Finalist]" * (trial.stage == "final")),
                "Recipe": esc(trial.recipe),
                "NDCG@10": f"**{trial.value:.4f}**",
                **{window_name(w): _value(trial.by_window, w) for w in windows},
                "Duration": duration(trial.seconds),
                "Parameters": esc(_parameters(trial.parameters)),
            }
            for trial in ranked[:MAX_ROWS]
        ],
        "The best trials with their value on each window",
    )
    if ranked:
        with st.expander("Best recipe as JSON, for the recipe field of Airflow's trigger form"):
            st.code(json.dumps(json.loads(ranked[0].recipe_json), indent=2), language="json")


def window_name(name: str) -> str:
    """Return a window's label: "rolling_40" is the window after the oldest 40 % of ratings."""
    share = name.rpartition("_")[2]
    return f"After {share} %" if name.startswith("rolling") and share.isdigit() else name


def _value(by_window: Mapping[str, float], window: str) -> str:
    return f"{by_window[window]:.4f}" if window in by_window else NO_VALUE


def _parameters(parameters: Mapping[str, float | str]) -> str:
    return ", ".join(f"{k} {trial_charts.short(v)}" for k, v in parameters.items())


def _theme_colours() -> dict[str, str]:
    return {kind: ui.theme_colour(name) for kind, name in COLOURS.items()}


def _badge(trials: Sequence[Trial], retrain: Retrain, run: Run | None) -> Badge:
    if run is not None:
        is_running = trials or run.search_minutes
        return Badge("running", "Running") if is_running else Badge("idle", "Not started")
    if retrain.search is None:
        return Badge("error", "Did not finish")
    if retrain.search.found_by != "search":
        return Badge("idle", "No search")
    return Badge("ok", "Done")


def _without_trials(retrain: Retrain, run: Run | None) -> str:
    if run is not None and run.search_minutes:
        return "The first trial finishes a minute or two after Spark has started."
    if retrain.search is not None or run is not None:
        return (
            "This retrain had no search budget, so the nominated recipe is the challenger. Set a "
            "budget to search for a better one."
        )
    return "The retrain ended before the first trial."
