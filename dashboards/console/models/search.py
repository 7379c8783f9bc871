"""A retrain's search: how far it is, each trial, what the parameters had to say, the best ones."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from dashboards import ui
from dashboards.console import data, pieces
from dashboards.console.data import Operator
from dashboards.console.evidence import Tone
from dashboards.console.models import trial_charts
from dashboards.console.retrains import Retrain, Trial, best
from dashboards.console.runs import elapsed
from dashboards.text import NO_VALUE, duration, esc, plural

LIVE = 3  # seconds between two looks at a search that runs
SHOWN = 10
VIEWS = ("By trial", "By parameter", "Best recipes")
KINDS = {"complete": "violet", "final": "green", "pruned": "gray", "failed": "red"}


def show(who: Operator, dataset: str, retrain: Retrain, run: Run | None) -> None:
    """Show the search of a retrain, again and again while it runs."""
    live = run if retrain.search is None and retrain.verdict is None else None

    @st.fragment(run_every=LIVE if live else None)
    def look() -> None:
        """Show what was tried so far."""
        with pieces.told():
            _panel(data.trials(dataset, retrain.retrain_id), retrain, live)
            if live and live.search_minutes:
                _clock(data.tasks(who, live), live.search_minutes * 60)

    look()


def _panel(found: Sequence[Trial], retrain: Retrain, run: Run | None) -> None:
    ui.heading("Search", pieces.badge(*_state(found, retrain, run)))
    leader = best(found)
    if not found:
        st.caption(_nothing(retrain, run))
        return
    if leader and leader.value:
        st.markdown(
            f"{plural('trial', len(found))}, the best {'so far ' if run else ''}"
            f"**{leader.value:.4f}** "
            f":gray[{esc(leader.recipe)}]"
        )
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="view", label_visibility="collapsed"
    )
    if view == VIEWS[0]:
        _by_trial(found)
    elif view == VIEWS[1]:
        _by_parameter(found)
    else:
        _best(found)


def _clock(tasks: Sequence[Task], granted: float) -> None:
    """Show how much of the budget is used."""
    task = next((each for each in tasks if each.task_id == "search" and each.started_at), None)
    if task is None:
        st.progress(0.0, text="Waits for the tables to be frozen")
        return
    used = elapsed(task, datetime.now(UTC))
    st.progress(min(used / granted, 1.0), text=f"{duration(used)} of {duration(granted)}")


def _by_trial(found: Sequence[Trial]) -> None:
    colours = {kind: ui.theme_colour(name) for kind, name in KINDS.items()}
    rows = trial_charts.by_trial(found)
    if not rows.empty:
        st.altair_chart(
            trial_charts.progress(rows, trial_charts.line(found), colours),
            height=300,
            alt="NDCG@10 of each trial, and the best so far",
        )
    failed = [trial for trial in found if trial.state == "failed"]
    if failed:
        st.caption(
            f":red[:material/close:] {plural('trial', len(failed))} failed; the last one: "
            f"{esc(failed[-1].failure or 'without a word')}"
        )
    st.caption(
        "Each point is the mean NDCG@10 on the rolling windows before the gate's. A pruned trial "
        "fell behind on the first of them, and stands as far behind here. A finalist is the mean "
        "of several seeds."
    )


def _by_parameter(found: Sequence[Trial]) -> None:
    names = trial_charts.parameters(found)
    if not names:
        st.caption("Too few trials yet to compare what was chosen.")
        return
    colours = {kind: ui.theme_colour(name) for kind, name in KINDS.items()}
    with st.grid(3, min_column_width=260):
        for name in names:
            st.altair_chart(
                trial_charts.slice_of(found, name, colours),
                height=190,
                alt=f"NDCG@10 by {name}",
                key=f"slice-{name}",
            )
    st.caption("One chart per parameter: what was chosen, and the NDCG@10 it came to.")


def _best(found: Sequence[Trial]) -> None:
    done = [trial for trial in found if trial.state == "complete" and trial.value is not None]
    ranked = sorted(done, key=lambda trial: (trial.stage != "final", -(trial.value or 0)))
    windows = sorted({name for trial in done for name in trial.by_window})
    pieces.table(
        [
            {
                "Trial": f"{trial.number}" + (" :green-badge[final]" * (trial.stage == "final")),
                "Recipe": esc(trial.recipe),
                "NDCG@10": f"**{trial.value:.4f}**",
                **{window_name(w): _value(trial.by_window, w) for w in windows},
                "Took": duration(trial.seconds),
                "Parameters": esc(_said(trial.parameters)),
            }
            for trial in ranked[:SHOWN]
        ],
        "The best trials with their value on each window",
    )
    if ranked:
        with st.expander("The best recipe as JSON, to give to a retrain by hand"):
            st.code(json.dumps(json.loads(ranked[0].recipe_json), indent=2), language="json")


def window_name(name: str) -> str:
    """Return a rolling window in words: "rolling_40" is the one after the oldest 40 %."""
    share = name.rpartition("_")[2]
    return f"After {share} %" if name.startswith("rolling") and share.isdigit() else name


def _value(by_window: Mapping[str, float], window: str) -> str:
    return f"{by_window[window]:.4f}" if window in by_window else NO_VALUE


def _said(parameters: Mapping[str, float | str]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in parameters.items()
    )


def _state(found: Sequence[Trial], retrain: Retrain, run: Run | None) -> tuple[Tone, str]:
    if run is not None:
        return ("run", "Running") if found or run.search_minutes else ("idle", "Not yet")
    if retrain.search is None:
        return "bad", "Did not end"
    if retrain.search.found_by != "search":
        return "idle", "No search"
    return "ok", "Done"


def _nothing(retrain: Retrain, run: Run | None) -> str:
    if run is not None and run.search_minutes:
        return "The first trial ends a minute or two after Spark has started."
    if retrain.search is not None or run is not None:
        return (
            "No budget was given, so the nominated recipe challenged as it is. Give a retrain some "
            "minutes to look for a better one."
        )
    return "The retrain ended before its search tried anything."
