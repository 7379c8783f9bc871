"""The terms of a score: a chart of the strongest ones, and a sentence about the others."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.text import plural
from serving.schemas import About, ScoreTerm

MAX_BARS = 6  # further terms are summed up in a sentence
STARS_SCALE = 5  # ratings of a scale that ends here are stars
_BAR, _X_AXIS = 30, 76  # pixels; with less room Vega leaves out names of bars


def show(terms: Sequence[ScoreTerm], about: About, *, whose: str = "Your rating") -> None:
    """Show the strongest terms as bars, and the others as a sentence. `whose`: of the tooltip."""
    charted, rest = by_strength(terms)
    bars = bar_table(charted, about)
    st.altair_chart(
        _chart(bars, whose),
        height=_X_AXIS + _BAR * len(bars),
        alt="What raised and what lowered the score",
    )
    if rest:
        st.caption(remainder(rest))


def by_strength(terms: Sequence[ScoreTerm]) -> tuple[list[ScoreTerm], list[ScoreTerm]]:
    """Return the terms with a bar, strongest first, and the others.

    The largest term always has a bar, and so has the lowest one if it is negative.
    """
    highest, lowest = extremes(terms)
    named = [term for term in (highest, lowest) if term is highest or term.value < 0]
    ranked = sorted(terms, key=lambda term: (term not in named, -abs(term.value)))
    charted = sorted(ranked[:MAX_BARS], key=lambda term: -abs(term.value))
    return charted, ranked[MAX_BARS:]


def extremes(terms: Sequence[ScoreTerm]) -> tuple[ScoreTerm, ScoreTerm]:
    """Return the term that raised the score most, and the one that lowered it most."""
    highest = max(terms, key=lambda term: term.value)
    return highest, min(terms, key=lambda term: term.value)


def remainder(terms: Sequence[ScoreTerm]) -> str:
    """Return the number and the sum of the terms that have no bar."""
    total = sum(term.value for term in terms)
    return f"Plus {plural('smaller effect', len(terms))} ({total:+.2f} in total)."


def rating_text(rating: float, about: About) -> str:
    """Return a rating in words: "5 stars", "7 of 10"."""
    if about.highest != STARS_SCALE:
        return f"{rating:g} of {about.highest:g}"
    return "1 star" if rating == 1 else f"{rating:g} stars"


def bar_table(terms: Sequence[ScoreTerm], about: About) -> pd.DataFrame:
    """Return a row for each bar: its cause, the rating or what the user did, and the effect."""
    ratings = [
        _act_text(t.event_kind, about) if t.rating is None else rating_text(t.rating, about)
        for t in terms
    ]
    causes, effects = [t.title or t.kind for t in terms], [t.value for t in terms]
    bars = pd.DataFrame({"cause": causes, "rating": ratings, "effect": effects})
    # Terms of one cause, such as two popularities, are one bar: the chart would stack them.
    return bars.groupby(["cause", "rating"], sort=False)["effect"].sum().reset_index()


def _act_text(kind: str | None, about: About) -> str:
    """Return what the user did, such as "bought" or "added to the basket"; empty without a kind."""
    meaning = about.kinds.get(kind or "")
    past = (meaning.past if meaning else "") or kind or ""
    return " ".join(past.replace("{}", "").split())


def _chart(bars: pd.DataFrame, whose: str) -> alt.LayerChart:
    low, high = bars["effect"].min(), bars["effect"].max()
    scale = alt.Scale(domain=[min(low * 1.3, 0), max(high * 1.25, 1e-6)], nice=False)
    axis = alt.Axis(labelLimit=170, labelFontSize=13, labelOverlap=False, ticks=False, domain=False)
    base = alt.Chart(bars).encode(y=alt.Y("cause:N", sort=None, title=None, axis=axis))
    primary, gray = ui.theme_colour("primary"), ui.theme_colour("gray")
    effects = base.mark_bar(height=16, cornerRadius=3).encode(
        x=alt.X("effect:Q", scale=scale, title="Effect on the score", axis=alt.Axis(tickCount=4)),
        color=alt.condition("datum.effect > 0", alt.value(primary), alt.value(gray)),
        tooltip=[
            alt.Tooltip("cause:N", title="Cause"),
            alt.Tooltip("rating:N", title=whose),
            alt.Tooltip("effect:Q", title="Effect", format="+.2f"),
        ],
    )
    ratings = base.mark_text(align="left", dx=6, fontSize=12, color=gray).encode(
        x=alt.X("end:Q"), text="rating:N"
    )
    return alt.LayerChart(
        layer=[effects, ratings.transform_calculate(end="max(datum.effect, 0)")], data=bars
    )
