"""The retrains: which one the page is about, and how they came to differ over time."""

from collections.abc import Container, Mapping, Sequence
from datetime import UTC

import altair as alt
import pandas as pd
import streamlit as st

from airflow_api.answers import Question
from airflow_api.client import APPROVE
from dashboards import ui
from dashboards.console import evidence, pieces
from dashboards.console.evidence import Tone
from dashboards.console.retrains import Retrain
from dashboards.text import NO_VALUE, esc

SHOWN = 8
CHARTED = 30
LEGEND = alt.Legend(orient="top", title=None, symbolSize=60, columnPadding=8, labelOffset=2)
_SHOWN = "shown_retrain"
ROLES = ("challenger", "champion", "popularity")
WORDS = {"challenger": "Challenger", "champion": "Live recipe", "popularity": "Popularity"}


def picker(known: Sequence[Retrain]) -> Retrain:
    """Let somebody choose a retrain; the newest until he does. `?retrain=` is a link to one."""
    by_id = {each.retrain_id: each for each in known}
    linked = st.query_params.get("retrain")
    if _SHOWN not in st.session_state and linked in by_id:
        st.session_state[_SHOWN] = linked
    if st.session_state.get(_SHOWN) not in by_id:
        st.session_state.pop(_SHOWN, None)
    chosen = st.selectbox(
        "Retrain",
        list(by_id),
        format_func=lambda key: label(by_id[key]),
        key=_SHOWN,
        label_visibility="collapsed",
        filter_mode="contains",
    )
    return by_id[chosen or known[0].retrain_id]


def label(retrain: Retrain) -> str:
    """Return what a retrain is called in the picker: unique, and never another while it runs.

    The browser keeps a choice by its label.
    """
    at = retrain.nominated_at.astimezone(UTC)
    return " · ".join(filter(None, [f"{at.day} {at:%b %H:%M:%S}", retrain.reason]))


def show(known: Sequence[Retrain], asked: Mapping[str, Question], running: Container[str]) -> None:
    """Show the headline figure of the retrains over time, and how each ended."""
    ui.heading("Retrains over time")
    rows = trend(known[:CHARTED])
    if len(set(rows["retrain_id"])) > 1:
        colours = [ui.theme_colour(name) for name in ("violet", "blue", "orange")]
        st.altair_chart(
            chart(rows, colours), height=200, alt="NDCG@10 of each retrain's recipes over time"
        )
    pieces.table(
        [
            {
                "Started": _when(each),
                "Verdict": pieces.badge(*outcome(each, asked.get(each.run_id), running)),
                "Challenger": _value(each),
                "Trials": str(each.search.n_trials) if each.search else NO_VALUE,
            }
            for each in known[:SHOWN]
        ],
        "The last retrains with verdict, the challenger's NDCG@10 and the number of trials",
    )


def outcome(
    retrain: Retrain, question: Question | None = None, running: Container[str] = ()
) -> tuple[Tone, str]:
    """Return how a retrain ended, or that it runs, in a tone and words."""
    if question and question.answer not in (None, APPROVE):
        return "bad", "Refused"
    if retrain.run_id in running:
        return ("warn", "Waits for an answer") if question else ("run", "Running")
    if retrain.verdict is None:
        return "idle", "No verdict"
    return evidence.WORDS[retrain.verdict.verdict]


def trend(known: Sequence[Retrain]) -> pd.DataFrame:
    """Return one row per retrain and role: its best headline figure."""
    rows = []
    for each in reversed(known):
        found = evidence.comparisons(each.verdict) if each.verdict else []
        for role in ROLES:
            best = next((one for one in found if one.role == role), None)
            if best:
                rows.append(
                    {
                        "retrain_id": each.retrain_id,
                        "at": _when(each),
                        "role": WORDS[role],
                        "recipe": best.recipe,
                        "value": best.value,
                    }
                )
    return pd.DataFrame(rows, columns=["retrain_id", "at", "role", "recipe", "value"])


def chart(rows: pd.DataFrame, colours: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Return a line per role. `colours`: challenger, live recipe, popularity."""
    scale = alt.Scale(domain=list(WORDS.values()), range=list(colours))
    base = alt.Chart(rows).encode(
        x=alt.X(
            "retrain_id:N",
            sort=None,
            title=None,
            scale=alt.Scale(padding=0.3),
            axis=alt.Axis(labels=False, ticks=False, grid=False),
        ),
        y=alt.Y(
            "value:Q",
            title="NDCG@10",
            scale=alt.Scale(zero=False, padding=12),
            axis=alt.Axis(format=".3f", tickCount=4, titleFontWeight="normal"),
        ),
        color=alt.Color("role:N", scale=scale, legend=LEGEND),
        tooltip=[
            alt.Tooltip("at:N", title="Retrain"),
            alt.Tooltip("recipe:N", title="Recipe"),
            alt.Tooltip("value:Q", title="NDCG@10", format=".4f"),
        ],
    )
    return alt.layer(base.mark_line(strokeWidth=2), base.mark_circle(size=50, opacity=1))


def _value(retrain: Retrain) -> str:
    found = evidence.comparisons(retrain.verdict) if retrain.verdict else []
    ours = evidence.challenger(found)
    return f"{ours.value:.4f} :gray[{esc(ours.recipe)}]" if ours else NO_VALUE


def _when(retrain: Retrain) -> str:
    at = retrain.nominated_at.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M}"
