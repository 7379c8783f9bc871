"""The last retrains: how long each took, how it ended, who started it and why."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd
import streamlit as st

from airflow_api.answers import Question, Run
from dashboards import ui
from dashboards.console import badges, charts, components, runs, sources
from dashboards.console.badges import Badge
from dashboards.text import duration, esc, plural, with_code

MIN_CHARTED = 2  # number of ended runs from which they are charted
_STATUSES = {"ok": "Published", "warning": "Not published", "error": "Failed, rejected or stopped"}
_COLOURS = {"ok": "green", "warning": "orange", "error": "red"}


def show(
    newest: Sequence[Run], questions: Mapping[str, Question], verdict_by_run: Mapping[str, str]
) -> None:
    """Show the runs, newest first, with their durations as a chart."""
    ui.heading("Last retrains", f":gray[{plural('retrain', len(newest))}]" if newest else "")
    if not newest:
        st.caption("No retrain yet. Each one is listed here with its duration and its outcome.")
        return
    badge_by_run = {run.run_id: badges.of_run(run, verdict_by_run, questions) for run in newest}
    rows = durations(newest, badge_by_run)
    if len(rows) >= MIN_CHARTED:
        st.altair_chart(_chart(rows), height=180, alt="Duration of each retrain, by outcome")
    table = [_row(run, badge_by_run[run.run_id]) for run in newest]
    components.table(table, "The last retrains with time, starter, outcome, duration and reason")


def started_by(run: Run) -> str:
    """Return who or what started a run."""
    return run.started_by or runs.trigger(run)


def durations(newest: Sequence[Run], badge_by_run: Mapping[str, Badge]) -> pd.DataFrame:
    """Return a row for each ended run, oldest first. `minutes` is its duration."""
    rows = [
        {
            "run_id": run.run_id,
            "requested": f"{runs.request_time(run)} UTC",
            "by": started_by(run),
            "minutes": run.seconds / 60,
            "duration": duration(run.seconds),
            "outcome": _STATUSES.get(badge_by_run[run.run_id].status, "Other"),
            "label": badge_by_run[run.run_id].label,
        }
        for run in reversed(newest)
        if run.seconds
    ]
    return pd.DataFrame(rows)


def _chart(rows: pd.DataFrame) -> alt.Chart:
    colour_by_label = {
        _STATUSES[status]: ui.theme_colour(name) for status, name in _COLOURS.items()
    }
    colour_by_label["Other"] = ui.theme_colour("gray")
    colours = {
        label: colour_by_label[label] for label in colour_by_label if label in set(rows["outcome"])
    }
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=2, size=18)
        .encode(
            x=alt.X("run_id:N", sort=None, title=None, axis=alt.Axis(labels=False, ticks=False)),
            y=alt.Y("minutes:Q", title="Minutes", axis=charts.axis(tickCount=4)),
            color=alt.Color("outcome:N", scale=scale, legend=charts.LEGEND),
            tooltip=[
                alt.Tooltip("requested:N", title="Requested"),
                alt.Tooltip("by:N", title="By"),
                alt.Tooltip("duration:N", title="Duration"),
                alt.Tooltip("label:N", title="Outcome"),
            ],
        )
    )
    return chart


def _row(run: Run, badge: Badge) -> dict[str, str]:
    address = sources.airflow_page(run.dag_id, run.run_id)
    return {
        "Requested (UTC)": f"[{runs.request_time(run)}]({address})",
        "By": esc(started_by(run)),
        "Outcome": badge.markdown,
        "Duration": duration(run.seconds) if run.seconds else "",
        "Reason": with_code(
            " · ".join(filter(None, (str(run.conf.get("reason") or ""), run.note)))
        ),
    }
